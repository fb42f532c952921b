import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { AgentLine, AgentStatus } from '../../engine/domain/heartbeat.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { repositoryAccess } from '../../engine/steps/access.ts';
import { machineOn } from '../standins/r2/machine.ts';
import { standInForR2 } from '../standins/r2/r2.ts';
import { answer, type Ear, livingMachine, openEar, runOrder, ticket, tickets, write } from './living.ts';
import { saveOrder } from './machine.ts';
import { resticWorld } from './restic-world.ts';

const { resticTest, stack, world } = await resticWorld();

const plan = { ...answer().plan!, everyMs: 60_000, image: true };
const LARGE = randomBytes(6_000_000);

resticTest(
  'a wake image is written while people work, so that the end has only to add what changed since',
  async () => {
    const machine = await livingMachine(world, stack, 'picture');
    await using ear = await openEar();
    ear.answer = { plan, linesHeard: 0 };
    write(machine, { 'workspace/model.bin': LARGE, 'workspace/a.py': 'print(1)\n' });
    await machine.run('run', runOrder(world, ear.url, { plan, linesHeard: 0 }));
    const { facts } = await imageLine(ear);
    expect(facts).toMatchObject({ whole: true, files: 2, why: null });
    expect(facts.bytesSent).toBeGreaterThan(LARGE.length);

    write(machine, { 'workspace/a.py': 'print(2)\n' });
    const save = machine.start('save', saveOrder(world, { mode: 'last', sequence: 20, imageMs: 60_000 }));
    await save.until('saved');
    save.say({ say: 'verdict', processes: 'keep-stopped' });
    const { image } = await save.until('image_written');
    await save.ended;
    expect(image).toMatchObject({ whole: true, files: 2 });
    expect(image!.bytesSent).toBeLessThan(10_000);
  },
);

resticTest(
  'a save does not wait for an image: what is there of it by then stays, and the next goes on from it',
  async () => {
    await using r2 = await standInForR2();
    await using stored = await machineOn(r2.world, 'lab');
    const { workspace, storage, repositories } = stored;
    const repository = await repositoryAccess(workspace, { storage, repositories, settings: DEFAULTS });
    const slow = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    let small = 0;
    r2.weather.wait = async ({ action, key }) => {
      if (action !== 'PutObject' || !key.includes('/image/segments/') || small++ === 0) return;
      asked.resolve();
      await slow.promise;
    };
    const machine = await livingMachine(world, stack, 'hurried');
    await using ear = await openEar();
    ear.answer = { plan, linesHeard: 0 };
    write(machine, { 'workspace/model.bin': LARGE, 'workspace/a.py': 'print(1)\n' });
    await machine.run('run', runOrder(world, ear.url, { plan, repository, linesHeard: 0 }));
    await asked.promise;

    const save = machine.start('save', saveOrder(world, { repository, sequence: 20 }));
    await save.until('saved');
    save.say({ say: 'verdict', processes: 'continue' });
    await save.ended;
    slow.resolve();
    expect(ear.heard.flatMap(linesOf).filter(isImage)).toEqual([]);

    write(machine, { 'workspace/b.py': 'print(3)\n' });
    ear.answer = { plan: { ...plan, everyMs: 20 }, linesHeard: 0, tickets: [ticket(world, 30)] };
    const { facts } = await imageLine(ear);
    expect(facts).toMatchObject({ whole: true, files: 3 });
    expect(facts.bytesSent).toBeGreaterThan(LARGE.length);
  },
);

resticTest('of a machine on which not everything has arrived no image is written', async () => {
  const list = join(world.repository.url, 'image/manifest');
  const before = existsSync(list) && readFileSync(list, 'latin1');
  const machine = await livingMachine(world, stack, 'half');
  await using ear = await openEar();
  ear.answer = { plan: { ...plan, everyMs: 20 }, linesHeard: 0, tickets: tickets(world, 9, 11) };
  write(machine, { 'workspace/a.py': 'print(1)\n' });
  const claim = join(machine.home, 'claim.json');
  const whole = readFileSync(claim, 'utf8');
  writeFileSync(claim, JSON.stringify({ ...JSON.parse(whole), complete: false }));
  await machine.run('run', runOrder(world, ear.url, { plan: { ...plan, everyMs: 20 }, linesHeard: 0 }));
  await ear.until(({ taken }) => taken.length > 0);
  const save = machine.start('save', saveOrder(world, { mode: 'last', sequence: 20, imageMs: 60_000 }));
  await save.until('saved');
  save.say({ say: 'verdict', processes: 'keep-stopped' });
  await save.ended;
  expect(save.events.map(({ event }) => event)).not.toContain('image_written');
  expect(ear.heard.flatMap(linesOf).filter(isImage)).toEqual([]);
  expect(existsSync(list) && readFileSync(list, 'latin1'), 'the list is as it was').toBe(before);
});

const linesOf = (status: AgentStatus): readonly AgentLine[] => status.lines ?? [];
const isImage = ({ event }: AgentLine): boolean => event === 'image.written';

async function imageLine(ear: Ear): Promise<AgentLine> {
  const status = await ear.until((one) => linesOf(one).some(isImage));
  return linesOf(status).find(isImage)!;
}
