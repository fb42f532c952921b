import { afterEach, expect, test } from 'vitest';
import { served } from '../http/served.ts';
import { run } from './dumont.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function awake() {
  const house = await served();
  closing.push(() => house[Symbol.asyncDispose]());
  await run(house.home, ['wake', 'lab', '-q']);
  house.risks.set('lab', {
    machine: 'm1',
    files: [
      { kind: 'over-cap', path: 'data/model.bin', sizeBytes: 12e9, why: 'larger than 10 GB' },
      { kind: 'unreadable', path: 'workspace/key', sizeBytes: 10, why: 'permission denied' },
    ],
    excluded: [],
    repositories: [],
    pending: { files: 0, bytes: 0, newest: [] },
    durableAt: null,
    badLines: [],
  });
  return house;
}
const hibernations = (house: Awaited<ReturnType<typeof awake>>) =>
  house.asked.filter(({ what }) => what === 'hibernate');

test('what is in no backup is listed, and lost only when a person agreed to just that', async () => {
  const house = await awake();
  const refused = await run(house.home, ['hibernate', 'lab', '--lose-excluded']);
  expect(refused.err).toContain('no backup  /data/model.bin, 12.0 GB: larger than 10 GB');
  expect(refused.err).toContain('no backup  /workspace/key, 10 B: permission denied');
  expect([refused.code, hibernations(house)]).toEqual([65, []]);
  const agreed = await run(house.home, ['hibernate', 'lab', '--lose-excluded', '--yes']);
  expect(agreed.code, agreed.err).toBe(0);
  expect(hibernations(house)[0]?.args).toEqual(['lab', { agreedToLose: ['data/model.bin', 'workspace/key'] }]);
});

test('nobody is asked about what is in the backups, and nothing is agreed to then', async () => {
  const house = await awake();
  const { code, err } = await run(house.home, ['hibernate', 'lab']);
  expect(code, err).toBe(0);
  expect(hibernations(house)[0]?.args).toEqual(['lab', { agreedToLose: [] }]);
});

test('a program that still runs is not ended without asking', async () => {
  const house = await awake();
  const lab = house.workspaces.get('lab')!;
  const job = { operation: 'op-9', by: 'ana', at: 0, argv: ['python', 'train.py'], thenHibernate: true, machine: 'm1' };
  house.workspaces.set('lab', { ...lab, jobs: [job] });
  const refused = await run(house.home, ['hibernate', 'lab']);
  expect(refused.err).toContain('"python …" still runs on lab, and ends with its machine.');
  expect([refused.code, hibernations(house)]).toEqual([65, []]);
  expect((await run(house.home, ['hibernate', 'lab', '-y'])).code).toBe(0);
});
