import { expect, test } from 'vitest';
import { Failure } from '../../engine/domain/failures.ts';
import type { Ports } from '../../engine/domain/ports.ts';
import { releasing } from '../../engine/steps/releasing.ts';
import { saving } from '../../engine/steps/saving.ts';
import { ANA, awake, MINUTE, SECOND, World } from '../fakes/world.ts';

test('an engine that stood still does not touch a machine that another one has saved for good', async () => {
  const w = new World();
  let ports = {} as Ports;
  const running = await w.start((own) => (ports = own));
  await running.engine.create('lab', {}, ANA);
  await running.engine.wake('lab', {}, ANA);
  await w.clock.advance(MINUTE);
  const [view] = await running.engine.status('lab');
  const row = view?.machine;
  const machine = w.marketplace.machines.get(row?.instance ?? '');
  if (!row || !machine) throw new Error('it did not wake');
  machine.write('workspace/a', 'one');
  w.marketplace.destroyFails = true;
  await running.engine.hibernate('lab', {}, ANA);
  await w.clock.advance(MINUTE);
  expect(machine.frozen).toBe(true);
  const late = saving({ ...row, state: 'saving' }, ports, new AbortController().signal, async (facts) => {
    return await w.store.save('machines', { ...row, ...facts });
  });
  const refused = expect(late).rejects.toMatchObject({ code: 'row_changed' });
  await w.clock.advance(MINUTE);
  await refused;
  expect(machine.frozen, 'nobody can write after the proof').toBe(true);
  await running.stop();
});

test('an engine that stood still does not destroy what has come back under another record', async () => {
  const w = new World();
  let ports = {} as Ports;
  const { engine, stop } = await w.start((own) => (ports = own));
  w.marketplace.destroyFails = true;
  await engine.create('lab', {}, ANA);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(20 * SECOND);
  const [row] = [...w.store.rows('machines').values()].filter((one) => one.state === 'releasing');
  const machine = w.marketplace.machines.get(row?.instance ?? '');
  if (!row || !machine) throw new Error('nobody lost');
  w.marketplace.vanish(machine.instance);
  await w.clock.advance(4 * MINUTE);
  expect((await w.store.read('machines', row.id))?.state).toBe('gone');
  w.marketplace.comeBack(machine.instance);
  w.marketplace.destroyFails = false;
  const late = releasing(row, ports, new AbortController().signal, async (facts) => {
    return await w.store.save('machines', { ...row, ...facts });
  });
  await expect(late).rejects.toMatchObject({ code: 'row_changed' });
  expect(machine.destroyed).toBe(false);
  await stop();
});

test('when it is not known whether a machine heard that its work is saved, nobody stays stopped', async () => {
  const w = new World();
  breakAfterVerdict(w);
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a', 'one');
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(4 * SECOND);
  expect(machine.frozen).toBe(true);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  expect(machine.frozen).toBe(false);
  await stop();
});

test('a machine that falls silent after its last save is not given back to people while it stands still', async () => {
  const w = new World();
  breakAfterVerdict(w);
  const { engine, machine, stop } = await awake(w);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(4 * SECOND);
  machine.unreachable = true;
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(2 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('stranded');
  machine.unreachable = false;
  await w.clock.advance(5 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  expect(machine.frozen).toBe(false);
  await stop();
});

test('a machine that cannot be paused is not given back to people while it stands still', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  w.marketplace.stop = async () => {
    throw new Failure('marketplace_down', { marketplace: 'fake', why: 'not now' });
  };
  const row = await w.store.read('workspaces', 'lab');
  if (row) await w.store.save('workspaces', { ...row, wish: { ...row.wish, want: 'paused', at: w.clock.now() } });
  await w.clock.advance(MINUTE);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(5 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('awake');
  expect(machine.frozen).toBe(false);
  await stop();
});

/** The machine hears its first verdict, and the connection breaks before anybody knows. */
function breakAfterVerdict(w: World): void {
  const { connect } = w.marketplace;
  let broken = false;
  Object.assign(w.marketplace, {
    connect: async (...to: Parameters<typeof connect>) => {
      const shell = await connect(...to);
      const run: typeof shell.run = async (command, signal, onLine = () => undefined) => {
        let verdict = false;
        const output = await shell.run(command, signal, (line, say) =>
          onLine(line, (words) => {
            verdict ||= words.includes('keep-stopped');
            say(words);
          }),
        );
        if (!verdict || broken) return output;
        broken = true;
        throw new Failure('ssh_lost', { why: 'right after the verdict' });
      };
      return { ...shell, run };
    },
  });
}
