import type { EndCall } from '../../domain/heartbeat.ts';
import { readIfThere } from '../../files/whole-file.ts';
import { END_PATH } from './machine/end-door.ts';
import type { MachineSpec } from './machine/spec.ts';
import { machineState } from './machine-process.ts';
import type { Market } from './market.ts';

/** How a machine that runs ends itself, without us. Its own process answers, which outlives the engine. */
export function endCallOf(market: Market, instance: string): EndCall | null {
  const rental = market.live(instance);
  const files = market.filesOf(instance);
  const order = readIfThere(files.spec);
  if (!rental || rental.stopped || order === null) return null;
  const { endKey } = JSON.parse(order) as MachineSpec; // our own words
  const port = machineState(files)?.endPort ?? null;
  if (!endKey || port === null) return null;
  const url = `http://127.0.0.1:${port}${END_PATH}`;
  return { method: 'POST', url, headers: { authorization: `Bearer ${endKey}` }, body: null };
}
