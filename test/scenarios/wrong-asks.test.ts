import { expect, test } from 'vitest';
import { ANA, awake, MINUTE, World } from '../fakes/world.ts';

test('the beginning of an id that several snapshots have names none of them', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  machine.write('workspace/a.txt', 'first');
  await engine.snapshot('lab', { description: '' }, ANA);
  await w.clock.advance(MINUTE);
  const [whole] = await w.store.list('snapshots');
  const twin = `${whole!.id.slice(0, 8)}${'0'.repeat(56)}`;
  await w.store.save('snapshots', { ...whole!, id: twin, version: 0, kind: 'pre-failover' });
  await expect(engine.findSnapshot('lab', twin.slice(0, 8))).rejects.toMatchObject({
    code: 'bad_request',
    message: expect.stringMatching(/"[0-9a-f]{8}" names 2 snapshots of lab; give more digits/),
  });
  expect((await engine.findSnapshot('lab', twin)).id).toBe(twin);
  await stop();
});

test('a backup of a directory that no backup holds is refused, with those that are held', async () => {
  const w = new World();
  const { engine, stop } = await awake(w);
  await expect(engine.snapshot('lab', { description: '', holds: 'etc/ssh' }, ANA)).rejects.toMatchObject({
    code: 'bad_path',
    message: expect.stringMatching(/outside of the directories that are backed up: .*\/workspace/),
  });
  await engine.snapshot('lab', { description: '', holds: 'workspace/data' }, ANA);
  await stop();
});
