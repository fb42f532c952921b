import { isFailure } from '../domain/failures.ts';
import type { InstanceJson } from '../http/json/instance.ts';
import type { RiskJson } from '../http/json/risk.ts';
import { allInstances } from './all-instances.ts';
import type { EngineClient } from './engine-client.ts';
import { riskLines } from './risk-lines.ts';
import type { Screen } from './screen.ts';

const HAS_WORK: ReadonlySet<InstanceJson['status']> = new Set(['usable', 'awake', 'going to sleep', 'stranded']);

/** Asks the machine of one workspace, or of each that is awake, what would be lost if it ended now. */
export async function showRisk(
  name: string | undefined,
  { engine, screen, signal }: { engine: EngineClient; screen: Screen; signal: AbortSignal },
): Promise<void> {
  const look = (id: string) => engine.get<RiskJson>(`/api/v1/instances/${encodeURIComponent(id)}/at-risk`, {}, signal);
  if (name !== undefined) {
    const risk = await look(name);
    if (screen.json) screen.printJson(risk);
    else screen.print(...riskLines(name, risk, screen, Date.now()));
    return;
  }
  const instances = await allInstances(engine, signal);
  const awake = instances.filter(({ status, machine }) => machine !== null && HAS_WORK.has(status));
  // One machine that does not answer must not hide what the others say.
  const found = await Promise.all(
    awake.map(async ({ id }) => ({
      id,
      risk: await look(id).catch((thrown: unknown) => {
        if (isFailure(thrown) && !signal.aborted) return thrown;
        throw thrown;
      }),
    })),
  );
  if (screen.json) {
    const words = found.map(({ id, risk }) => (isFailure(risk) ? { id, risk: null, why: risk.message } : { id, risk }));
    screen.printJson({ instances: words });
  } else if (found.length === 0) screen.note('No workspace is awake: there is nothing to lose.');
  for (const { id, risk } of screen.json ? [] : found) {
    if (isFailure(risk))
      screen.print(`${screen.paint('bold', id)}: ${screen.paint('yellow', `not known: ${risk.message}`)}`);
    else screen.print(...riskLines(id, risk, screen, Date.now()));
  }
}
