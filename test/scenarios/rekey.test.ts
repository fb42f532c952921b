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
    say: expect.stringMatching(/Its machine has the old one until it is gone.* The wake image/),
  });
  expect(await keys(w)).toBe(2);
  const [{ workspace } = { workspace: null }] = await engine.status('lab');
  expect(workspace?.sealedPassword).toBe('sealed 3');
  w.storage.objects.set('lab/repo/image/manifest', new Uint8Array(9));
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(15 * MINUTE);
  expect(await keys(w), 'minutes after it fell asleep').toBe(1);
  expect(w.storage.objects.has('lab/repo/image/manifest'), 'it opened with the old one alone').toBe(false);
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

test('right after a sleep, with nothing new to look after, the old password goes when the machine is gone', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/train.py', 'print(1)');
  await engine.rekey('lab', ANA);
  await engine.hibernate('lab', {}, ANA);
  await w.clock.advance(MINUTE);
  expect((await w.store.list('machines')).some(({ state }) => state === 'releasing')).toBe(true);
  const row = await w.store.read('upkeep', 'lab');
  const newest = Math.max(...(await engine.snapshots('lab')).map(({ sequence }) => sequence));
  await w.store.save('upkeep', { ...row!, sequence: newest, doneAt: w.clock.now() });
  await engine.rekey('lab', ANA);
  await w.clock.advance(10 * SECOND);
  expect(await keys(w)).toBe(2);
  await w.clock.advance(15 * MINUTE);
  expect(await keys(w)).toBe(1);
  await stop();
});

test('while it sleeps the old one goes at once, and the wake image with it, which is said', async () => {
  const w = new World();
  const { engine, stop } = await w.start();
  await engine.create('lab', {}, ANA);
  await engine.rekey('lab', ANA);
  await w.clock.advance(10 * SECOND);
  w.storage.objects.set('lab/repo/image/manifest', new Uint8Array(9));
  const { id } = await engine.rekey('lab', ANA);
  await w.clock.advance(10 * SECOND);
  expect((await engine.operation(id)).outcome?.say).toMatch(/opens nothing .* any more\. The wake image is removed/);
  expect(w.storage.objects.has('lab/repo/image/manifest')).toBe(false);
  await stop();
});
