import type { Machine } from '../../engine/domain/lifecycle.ts';
import { hasGpu } from '../../engine/domain/marketplace.ts';
import { PROMPT } from '../fakes/machine.ts';
import { billAgrees } from './laws/bill.ts';
import { WORKSPACE } from './laws/work.ts';
import { isOurs } from './laws.ts';
import { comeBack } from './weather.ts';
import { MINUTE, SECOND, type SimulatedWorld } from './world.ts';

/** A machine that was started three times and never answered is started again a day later. */
const PATIENCE_MS = 25 * 60 * MINUTE;

/** Ends all troubles, waits until nothing is left to do, and looks whether everything is as it should be then. */
export async function restIn(world: SimulatedWorld): Promise<void> {
  if (world.laws.broken) return;
  world.trace(() => 'calm: nothing fails any more');
  world.gate.open = false;
  world.onRent = () => undefined;
  world.onFetch = () => undefined;
  world.marketplace.manners = () => PROMPT;
  world.marketplace.destroyFails = false;
  world.marketplace.soldOut = false;
  for (const machine of world.marketplace.machines.values()) {
    machine.atRisk = [];
    comeBack(world, machine);
    if (!machine.claim) continue;
    machine.manners = PROMPT; // it would hold its work for ever, until somebody gives it up
    if (machine.usableAt === Number.POSITIVE_INFINITY) machine.usableAt = world.clock.now();
  }
  for (let waited = 0; waited < PATIENCE_MS && !world.laws.broken; waited += 5 * SECOND) {
    await world.pass(5 * SECOND);
    if (unrest(world).length > 0) continue;
    await world.pass(world.settings.watch.sweepMs); // a look at the whole marketplace finds nothing new
    if (unrest(world).length === 0) return judge(world);
  }
  if (!world.laws.broken) world.laws.breaks('end', unrest(world).join('; '));
}

/** What is still going on. */
function unrest(world: SimulatedWorld): string[] {
  const { store, marketplace, laws } = world;
  const workspace = store.rows('workspaces').get(WORKSPACE);
  if (!workspace) return ['the workspace was never created'];
  const { want } = workspace.wish;
  const isInBooks = ({ id }: Machine): boolean => (store.rows('bills').get(id)?.endedAt ?? null) !== null;
  const rows = laws.rows().filter((row) => row.state !== 'gone');
  const rented = [...marketplace.machines.values()].filter((machine) => isOurs(machine) && !machine.destroyed);
  const open = [...store.rows('operations').values()].filter((operation) => operation.endedAt === null);
  const racing = [...store.rows('races').values()].filter((race) => race.endedAt === null);
  const found = [
    ...open.map((operation) => `${operation.verb} ${operation.id} is open`),
    ...racing.map((race) => `race ${race.id} is open`),
    ...workspace.asks.map((ask) => `snapshot ${ask.operation} is not taken`),
    ...rows.filter((row) => !isSettled(row, want)).map((row) => `${row.id} is ${row.state}: ${row.why}`),
    ...rented
      .filter((machine) => !rows.some((row) => row.instance === machine.instance))
      .map((machine) => `${machine.instance} runs and no record owns it`),
    ...laws
      .rows()
      .filter((row) => row.state === 'gone' && row.billedUntil !== null && !isInBooks(row))
      .map((row) => `what ${row.id} cost is not in the books`),
  ];
  if (want !== 'asleep' && !rows.some((row) => row.id === workspace.claim?.machine))
    found.push(`wanted ${want}, and on no machine`);
  if (want === 'awake' && rows.some((row) => row.id === workspace.claim?.machine && !hasGpu(row.offer)))
    found.push('it is at its standby, and there are GPUs again');
  return found;
}

function isSettled(row: Machine, want: string): boolean {
  if (want === 'awake') return row.state === 'running' && row.complete;
  return want === 'paused' && row.state === 'paused';
}

/** The dust has settled. */
function judge(world: SimulatedWorld): void {
  const { store, laws, marketplace } = world;
  const workspace = store.rows('workspaces').get(WORKSPACE);
  const awake = laws.machineOf(laws.rows().find((row) => row.state === 'running'));
  if (awake && (awake.frozen || !awake.usable))
    laws.breaks('end', `it is awake, and nobody can work on ${awake.instance}`);
  if (
    workspace?.wish.want === 'asleep' &&
    !laws.work.agreed &&
    laws.work.catalogued() !== (laws.history.newest?.id ?? null)
  )
    laws.breaks(6, 'the next wake would bring something older than what was saved last');
  for (const machine of marketplace.machines.values()) {
    if (!isOurs(machine) && machine.destroyed) laws.breaks(3, `${machine.instance} is not ours and was destroyed`);
  }
  for (const [id, { ok }] of laws.words.ended) {
    const won = [...store.rows('races').values()].some((race) => race.operation === id && race.outcome?.winner);
    if (!ok && won && workspace?.wish.operation === id && workspace.wish.want === 'awake')
      laws.breaks(4, `people were told that ${id} failed, and it was done`);
  }
  billAgrees(world);
}
