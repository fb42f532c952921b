import { expect, test } from 'vitest';
import { atVast } from '../fakes/at-vast.ts';
import { ANA, MINUTE, World } from '../fakes/world.ts';

const boot = () => ({ loadingMs: 20_000, sshMs: 1_000, cached: false, fate: 'well' }) as const;

test('a paused machine whose GPU somebody else has is let go, and the workspace wakes elsewhere with all of its work', async () => {
  const w = new World();
  const vast = atVast(w, { seed: 'paused', machines: 60, boot, traps: new Map() });
  const { engine, stop } = await w.start(vast.change);
  await engine.create('lab', { need: { gpu: 'RTX 4090' } }, ANA);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(4 * MINUTE);
  const before = (await engine.status('lab'))[0]!.machine!.instance!;
  vast.machines.get(Number(before))!.write('workspace/a', 'one');
  await engine.pause('lab', ANA);
  await w.clock.advance(5 * MINUTE);
  expect((await engine.status('lab'))[0]?.sight).toBe('paused');
  vast.account.traps.set('gpu-taken', 1);
  await engine.wake('lab', {}, ANA);
  await w.clock.advance(6 * MINUTE);
  const [view] = await engine.status('lab');
  expect(view?.sight).toBe('awake');
  expect(view?.machine?.instance).not.toBe(before);
  expect(vast.machines.get(Number(view?.machine?.instance))?.files.get('workspace/a')?.content).toBe('one');
  expect(vast.account.rentals.filter(({ endedAt }) => endedAt === null).map(({ id }) => String(id))).toEqual([
    view?.machine?.instance,
  ]);
  await stop();
});
