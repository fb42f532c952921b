import type { InstanceJson, InstancesJson } from '../http/json/instance.ts';
import { allPages } from './all-pages.ts';
import type { EngineClient } from './engine-client.ts';

/** Every workspace that one may see, page by page. */
export async function allInstances(engine: EngineClient, signal: AbortSignal): Promise<readonly InstanceJson[]> {
  const { instances } = await allPages<InstancesJson>(engine, '/api/v1/instances', {}, 'instances', signal);
  return instances;
}
