import { expect, test } from 'vitest';
import type { AgentStatus } from '../../engine/domain/heartbeat.ts';
import type { Heartbeats } from '../../engine/domain/ports.ts';
import { ANA, awake, MINUTE, World } from '../fakes/world.ts';

/** An awake workspace, and the ear of its engine. */
async function listening() {
  const w = new World();
  let heartbeats: Heartbeats | null = null;
  const started = w.start.bind(w);
  w.start = async () =>
    await started((ports) => {
      heartbeats = ports.heartbeats;
      return ports;
    });
  const { engine, machine, stop } = await awake(w);
  const ear = heartbeats! as Heartbeats;
  const status: AgentStatus = machine.life!.status();
  return { w, engine, machine, stop, ear, status, token: ear.tokenFor(status.machine, status.epoch) };
}

test('a machine is heard with its own word, and a stranger does not learn what was wrong with his', async () => {
  const { ear, status, token, stop } = await listening();
  expect((await ear.hear(token, status)).plan).not.toBeNull();
  const wrong = [`${token}0`, ear.tokenFor(status.machine, status.epoch + 1), ear.tokenFor('m999', status.epoch), ''];
  for (const word of wrong) await expect(ear.hear(word, status), word).rejects.toMatchObject({ code: 'unauthorized' });
  const other = { ...status, machine: 'm999' };
  await expect(ear.hear(ear.tokenFor('m999', other.epoch), other)).rejects.toMatchObject({ code: 'unauthorized' });
  await stop();
});

test('after its last save a machine is given nothing more', async () => {
  const { w, engine, machine, ear, status, token, stop } = await listening();
  machine.write('workspace/a', 'one');
  await engine.hibernate('lab', {}, ANA);
  w.marketplace.destroyFails = true;
  await w.clock.advance(MINUTE);
  expect((await w.store.list('machines')).find(({ id }) => id === status.machine)).toMatchObject({
    state: 'releasing',
    sealed: expect.anything(),
  });
  await expect(ear.hear(token, status)).rejects.toMatchObject({ code: 'unauthorized' });
  await stop();
});
