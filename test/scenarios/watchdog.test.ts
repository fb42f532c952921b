import { expect, test } from 'vitest';
import { watchdogProofKey } from '../../engine/domain/layout.ts';
import type { WatchdogProof } from '../../engine/domain/watchdog-proof.ts';
import { leaveProof, watchOver } from '../fakes/watchdog.ts';
import { ANA, awake, MINUTE, World } from '../fakes/world.ts';

const HOURS = 60 * MINUTE;

/** A machine with work on it that nobody was told of, and an engine that stopped. */
async function alone(w: World) {
  const running = await awake(w);
  running.machine.write('workspace/a', 'one');
  await w.clock.advance(6 * MINUTE);
  await running.stop();
  running.machine.write('workspace/a', 'two');
  return running.machine;
}

const rowOf = async (w: World, instance: string) =>
  (await w.store.list('machines')).find((row) => row.instance === instance)!;

test('a machine that ended itself while no engine ran ends as a good hibernation, and its last work wakes again', async () => {
  const w = new World();
  const machine = await alone(w);
  watchOver(machine, () => w.marketplace.take(machine.instance));
  await w.clock.advance(3 * HOURS);
  expect(w.rented, 'it did not end itself').toEqual([]);
  await w.clock.advance(5 * HOURS);
  const again = await w.start();
  await w.clock.advance(10 * MINUTE);

  const row = await rowOf(w, machine.instance);
  const newest = (await again.engine.snapshots('lab'))[0]!;
  expect(row).toMatchObject({ state: 'gone', sealed: { snapshot: newest.id } });
  expect(newest).toMatchObject({ kind: 'automatic', epoch: row.epoch, comparedAt: expect.any(Number), partial: false });
  expect(w.told.filter(({ event }) => event === 'machine.lost')).toEqual([]);
  expect(w.told.filter(({ event }) => event === 'machine.ended_itself')).toEqual([
    expect.objectContaining({ machine: row.id, snapshot: newest.id }),
  ]);
  expect((await again.engine.status('lab'))[0]?.sight).toBe('asleep');
  expect(w.rented, 'nobody asked for another one').toEqual([]);
  const hibernation = (await w.store.list('operations')).find(({ id }) => id === `watchdog-${row.id}`);
  expect(hibernation?.outcome).toMatchObject({ ok: true });
  expect([...w.storage.objects.keys()].filter((key) => key.includes('/drafts/'))).toEqual([]);
  const { micro } = w.journals.entries.ledger.find((charge) => charge.machine === row.id)!;
  const billed = w.marketplace.bill().get(machine.instance)!;
  expect(micro, 'less than the marketplace asks for').toBeGreaterThanOrEqual(billed);
  expect(micro, 'the hours without an engine cost nothing').toBeLessThan(1.2 * billed);

  await again.engine.wake('lab', {}, ANA);
  await w.clock.advance(3 * MINUTE);
  const [view] = await again.engine.status('lab');
  const next = w.marketplace.machines.get(view?.machine?.instance ?? '');
  expect(next?.files.get('workspace/a')?.content).toBe('two');
  await again.stop();
});

test('one that can only switch itself off is told so; stopped it costs its disk, and an engine starts it again with all of its work', async () => {
  const w = new World();
  w.marketplace.endCall = async () => null;
  Object.assign(w.marketplace, { endItself: () => ({ by: 'power off' }) });
  const machine = await alone(w);
  expect(machine.life?.heard.answer.watchdog).toMatchObject({ end: null, itself: { by: 'power off' } });
  watchOver(machine, () => void w.marketplace.stop(machine.instance));
  await w.clock.advance(3 * HOURS);
  expect(machine.stopped).toBe(true);

  const again = await w.start();
  await w.clock.advance(10 * MINUTE);
  const [view] = await again.engine.status('lab');
  expect([view?.sight, view?.machine?.instance]).toEqual(['awake', machine.instance]);
  expect(machine.files.get('workspace/a')?.content).toBe('two');
  expect(w.told.filter(({ event }) => event === 'machine.lost')).toEqual([]);
  await again.stop();
});

test('whoever asked for the workspace after that gets it, with the work that was saved', async () => {
  const w = new World();
  const machine = await alone(w);
  watchOver(machine, () => w.marketplace.take(machine.instance));
  await w.clock.advance(2 * HOURS);
  const again = await w.start();
  await again.engine.wake('lab', {}, ANA);
  await w.clock.advance(10 * MINUTE);
  const [view] = await again.engine.status('lab');
  expect(view?.sight).toBe('awake');
  const next = w.marketplace.machines.get(view?.machine?.instance ?? '');
  expect(next?.instance).not.toBe(machine.instance);
  expect(next?.files.get('workspace/a')?.content).toBe('two');
  expect(w.told.some(({ event }) => event === 'machine.lost')).toBe(false);
  await again.stop();
});

test('a machine that saved itself, did not end, and was lost later is lost: what came after its proof is gone', async () => {
  const w = new World();
  const machine = await alone(w);
  watchOver(machine, null);
  await w.clock.advance(2 * HOURS);
  machine.write('workspace/a', 'three');
  w.marketplace.take(machine.instance);
  const again = await w.start();
  await w.clock.advance(10 * MINUTE);
  expect(w.told.filter(({ event }) => event === 'machine.lost')).toHaveLength(1);
  expect(w.told.some(({ event }) => event === 'machine.ended_itself')).toBe(false);
  const [view] = await again.engine.status('lab');
  const next = w.marketplace.machines.get(view?.machine?.instance ?? '');
  expect(next?.files.get('workspace/a')?.content, 'what it saved by itself is not lost').toBe('two');
  await again.stop();
});

test('a machine whose engine comes back after it saved itself is just running, and its proof is worth nothing later', async () => {
  const w = new World();
  const machine = await alone(w);
  await w.clock.advance(HOURS);
  leaveProof(machine, 'stand-still'); // and then its agent was killed, and everything went on
  machine.write('workspace/a', 'three');
  const again = await w.start();
  await w.clock.advance(20 * MINUTE);
  expect((await again.engine.status('lab'))[0]?.sight).toBe('awake');
  w.marketplace.take(machine.instance);
  await w.clock.advance(10 * MINUTE);
  expect(w.told.some(({ event }) => event === 'machine.ended_itself')).toBe(false);
  expect(w.told.some(({ event }) => event === 'machine.lost')).toBe(true);
  const [view] = await again.engine.status('lab');
  const next = w.marketplace.machines.get(view?.machine?.instance ?? '');
  expect(next?.files.get('workspace/a')?.content).toBe('three');
  await again.stop();
});

test('a machine that was heard after its proof had more work than the proof says', async () => {
  const w = new World();
  const machine = await alone(w);
  await w.clock.advance(HOURS);
  leaveProof(machine, 'stand-still');
  const again = await w.start();
  await w.clock.advance(MINUTE);
  machine.write('workspace/a', 'three');
  w.marketplace.take(machine.instance);
  await w.clock.advance(10 * MINUTE);
  expect(w.told.some(({ event }) => event === 'machine.ended_itself')).toBe(false);
  expect(w.told.filter(({ event }) => event === 'machine.lost')).toHaveLength(1);
  await again.stop();
});

test('a machine that is met again while it was stranded leaves no proof behind', async () => {
  const w = new World();
  const { machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  machine.unreachable = true;
  await w.clock.advance(5 * MINUTE);
  const row = await rowOf(w, machine.instance);
  expect(row.state).toBe('stranded');
  leaveProof(machine, 'stand-still');
  machine.unreachable = false;
  await w.clock.advance(2 * MINUTE);
  expect((await rowOf(w, machine.instance)).state).toBe('running');
  expect(w.storage.objects.has(watchdogProofKey('lab', row.id))).toBe(false);
  await stop();
});

const lies: Readonly<Record<string, (proof: WatchdogProof) => WatchdogProof>> = {
  'another claim': (proof) => ({ ...proof, taken: { ...proof.taken, epoch: proof.taken.epoch + 1 } }),
  'another machine': (proof) => ({ ...proof, machine: 'm0' }),
  'a snapshot that is not there': (proof) => ({ ...proof, taken: { ...proof.taken, snapshot: '0'.repeat(64) } }),
  'another manifest': (proof) => ({ ...proof, taken: { ...proof.taken, manifestSha256: '0'.repeat(64) } }),
  'other content': (proof) => ({ ...proof, taken: { ...proof.taken, contentHash: '0'.repeat(64) } }),
  'a number that was never given out': (proof) => ({ ...proof, taken: { ...proof.taken, sequence: 1_000 } }),
  'files that were left out': (proof) => ({ ...proof, taken: { ...proof.taken, partial: true } }),
  nothing: () => ({}) as WatchdogProof,
};

test.each(Object.keys(lies))('a proof that speaks of %s is not believed, and the machine is lost', async (lie) => {
  const w = new World();
  const machine = await alone(w);
  leaveProof(machine, 'stand-still', lies[lie]);
  w.marketplace.take(machine.instance);
  await w.clock.advance(2 * HOURS);
  const again = await w.start();
  await w.clock.advance(10 * MINUTE);
  expect(w.told.some(({ event }) => event === 'machine.ended_itself')).toBe(false);
  expect(w.told.filter(({ event }) => event === 'machine.lost')).toHaveLength(1);
  expect(w.logged.some(({ event }) => event === 'watchdog.refused')).toBe(true);
  expect((await rowOf(w, machine.instance)).sealed).toBeNull();
  await again.stop();
});

test('bytes in storage that are not those of the manifest are no proof', async () => {
  const w = new World();
  const machine = await alone(w);
  watchOver(machine, () => w.marketplace.take(machine.instance));
  await w.clock.advance(2 * HOURS);
  w.storage.rots = true;
  const again = await w.start();
  await w.clock.advance(10 * MINUTE);
  expect(w.told.some(({ event }) => event === 'machine.ended_itself')).toBe(false);
  expect(w.told.filter(({ event }) => event === 'machine.lost')).toHaveLength(1);
  await again.stop();
});

test('a storage that does not answer says nothing: nobody is told anything until it does', async () => {
  const w = new World();
  const machine = await alone(w);
  watchOver(machine, () => w.marketplace.take(machine.instance));
  await w.clock.advance(2 * HOURS);
  w.storage.down = 'it is being mended';
  const again = await w.start();
  await w.clock.advance(30 * MINUTE);
  expect(w.told.some(({ event }) => event === 'machine.ended_itself' || event === 'machine.lost')).toBe(false);
  expect((await rowOf(w, machine.instance)).state).toBe('stranded');
  w.storage.down = null;
  await w.clock.advance(20 * MINUTE);
  expect(w.told.some(({ event }) => event === 'machine.ended_itself')).toBe(true);
  await again.stop();
});

test('one that was to end itself and comes back after all is not destroyed before it is saved again', async () => {
  const w = new World();
  const machine = await alone(w);
  watchOver(machine, () => w.marketplace.vanish(machine.instance)); // its host lost the network right then
  await w.clock.advance(2 * HOURS);
  const again = await w.start();
  for (let waited = 0; (await rowOf(w, machine.instance)).state !== 'releasing'; waited += 1) {
    if (waited > 600) throw new Error(`it is still ${(await rowOf(w, machine.instance)).state}`);
    await w.clock.advance(1_000);
  }
  w.marketplace.comeBack(machine.instance);
  machine.frozen = false;
  machine.write('workspace/a', 'three');
  await w.clock.advance(30 * MINUTE);
  expect(machine.destroyed).toBe(true);
  expect(w.told.some(({ event }) => event === 'machine.adopted')).toBe(true);
  const all = [...w.storage.repository('lab').values()];
  expect(
    all.some(({ files }) => files.get('workspace/a')?.content === 'three'),
    'it was destroyed unsaved',
  ).toBe(true);
  await again.stop();
});
