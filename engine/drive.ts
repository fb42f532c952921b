import { type Machine, move } from './domain/lifecycle.ts';
import type { Ports } from './domain/ports.ts';
import { PARTS, type Parts } from './parts.ts';
import { type Facts, raceBell, rowsBell, workspaceBell } from './steps/step.ts';

/** Runs a machine to its end. A first start, a retry and a restart after a crash are the same call. */
export async function drive(
  start: Machine,
  ports: Ports,
  signal: AbortSignal,
  { steps }: Parts = PARTS,
): Promise<Machine> {
  let machine = start;
  const note = async (facts: Facts): Promise<Machine> => {
    machine = await ports.store.save('machines', { ...machine, ...facts });
    return machine;
  };
  while (machine.state !== 'gone') {
    signal.throwIfAborted();
    const turn = await steps[machine.state](machine, ports, signal, note);
    signal.throwIfAborted(); // the lease may have ended while the step was finishing
    const before = machine;
    machine = await ports.store.save(
      'machines',
      move({ ...before, ...turn.facts }, turn.to, turn.why, ports.clock.now()),
    );
    if (machine.state === 'gone') ports.heartbeats.forget(machine.id);
    await announce(before, machine, ports); // after the save, so that what people hear is what is written
  }
  return machine;
}

async function announce(before: Machine, machine: Machine, ports: Ports): Promise<void> {
  const ms = machine.since - before.since;
  const { id, workspace, race, offer, state: to, why } = machine;
  const { gpu, host, region, dollarsPerHour } = offer;
  ports.log('machine.moved', { machine: id, workspace, from: before.state, to, why, ms });
  ports.tell({
    event: 'machine.moved',
    workspace,
    machine: id,
    from: before.state,
    to,
    why,
    ms,
    offer: { gpu, host, region, dollarsPerHour },
  });
  if (race !== null) ports.bell.ring(raceBell(race));
  for (const bell of [workspaceBell(workspace), rowsBell]) ports.bell.ring(bell);
  await rememberBoot(before, machine, ms, ports);
}

/** Stages of a start that ended, well or not, are what hosts are remembered by. A machine that was let go says nothing about its host. */
async function rememberBoot(before: Machine, machine: Machine, ms: number, ports: Ports): Promise<void> {
  const next = STARTS[before.state as keyof typeof STARTS];
  if (next === undefined || machine.departedAt === null) return;
  const ok = machine.state === next;
  if (!ok && before.state === 'renting') return; // its marketplace did not rent it, which says nothing about the host
  const race = ok || before.race === null ? null : await ports.store.read('races', before.race);
  const verdict = race?.verdicts[before.id];
  if (verdict ? !verdict.slow : race?.endedAt) return;
  await ports.journals.append('boots', {
    at: machine.since,
    machine: machine.id,
    marketplace: machine.marketplace,
    physical: machine.offer.machine,
    host: machine.offer.host,
    image: (await ports.store.read('workspaces', machine.workspace))?.spec.image ?? '',
    stage: before.state,
    // A marketplace's limits keep a rental waiting before it departs.
    ms: before.state === 'renting' ? machine.since - machine.departedAt : ms,
    ok,
    why: machine.why,
    ...(verdict ? { slow: true } : {}),
    ...(before.state === 'installing' && machine.mbps !== undefined ? { mbps: machine.mbps } : {}),
    ...(before.state === 'restoring' ? { restoredGb: await restoredGb(machine, ports) } : {}),
  });
}

async function restoredGb({ restored }: Machine, ports: Ports): Promise<number> {
  return restored === null ? 0 : ((await ports.store.read('snapshots', restored))?.sizeBytes ?? 0) / 1e9;
}

const STARTS = { renting: 'booting', booting: 'installing', installing: 'standing-by', restoring: 'running' } as const;
