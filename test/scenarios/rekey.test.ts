import { expect, test } from 'vitest';
import { keysPrefix } from '../../engine/domain/layout.ts';
import { ANA, awake, MINUTE, SECOND, World } from '../fakes/world.ts';

const keys = async (w: World) => (await w.storage.list(keysPrefix('lab'))).length;

test('a workspace that is awake works on with its old password, which goes by itself when it sleeps', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/train.py', 'print(1)');
  await engine.rekey('lab', ANA); // the fake has keys from here on
  await w.clock.advance(10 * SECOND);
  const { id } = await engine.rekey('lab', ANA);
  await w.clock.advance(10 * SECOND);
  expect((await engine.operation(id)).outcome).toMatchObject({
    ok: true,
    say: expect.stringContaining('its machine still has the old one, which goes within a day of its sleep'),
  });
  expect(await keys(w)).toBe(2);
  const [{ workspace } = { workspace: null }] = await engine.status('lab');
  expect(workspace?.sealedPassword).toBe('sealed 3');
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(25 * 60 * MINUTE);
  expect(await keys(w)).toBe(1);
  expect(await w.storage.formerKeys(workspace!)).toEqual([]);
  const deeds = (await w.journals.read('audit', 0)).filter(({ verb }) => verb === 'rekey');
  expect(deeds.map(({ by }) => by)).toEqual(['ana', 'ana']);
  await stop();
});

test('storage that does not answer is asked again, with the same new password', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  w.storage.down = 'no answer';
  const { id } = await engine.rekey('lab', ANA);
  await w.clock.advance(5 * SECOND);
  expect((await engine.operation(id)).endedAt).toBeNull();
  w.storage.down = null;
  await w.clock.advance(MINUTE);
  expect((await engine.operation(id)).outcome).toMatchObject({ ok: true });
  expect((await engine.status('lab'))[0]?.workspace.sealedPassword).toBe('sealed 2');
  await stop();
});
