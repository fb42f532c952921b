import type { InstanceJson, InstancesJson } from '../http/json/instance.ts';
import type { EngineClient } from './engine-client.ts';

/** Every workspace that one may see, page by page. */
export async function allInstances(engine: EngineClient, signal: AbortSignal): Promise<readonly InstanceJson[]> {
  const instances: InstanceJson[] = [];
  let cursor: string | undefined;
  do {
    const page: InstancesJson = await engine.get<InstancesJson>('/api/v1/instances', { cursor }, signal);
    instances.push(...page.instances);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return instances;
}
