import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { processes } from '../../engine/agent/process-table.ts';
import type { SaveOrder } from '../../engine/domain/agent-protocol.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { lockedBy } from './locked-by.ts';
import { follow, restoreOrder, saveOrder } from './machine.ts';
import { resticWorld } from './restic-world.ts';
import { agentProgram } from './which-agent.ts';

const { resticTest, stack, world } = await resticWorld('linux');
const started = new Set<ChildProcess>();
afterAll(() => {
  for (const child of started) child.kill('SIGKILL');
});

/** A port on which nobody listens any more, or where somebody listens and never says a word. */
async function port(silent: boolean): Promise<number> {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: number } = server.address() as AddressInfo;
  if (silent) stack.defer(() => void server.close());
  else await new Promise((resolve) => server.close(resolve));
  return number;
}

interface Frozen {
  readonly states: readonly string[];
  readonly code: unknown;
  readonly stoodMs: number;
}

/** A last save of a machine on which somebody's program runs: how that one stood, and for how long. */
async function lastSave(name: string, repository: SaveOrder['repository']): Promise<Frozen> {
  const machine = world.machine(name);
  await machine.run('restore', restoreOrder(world));
  mkdirSync(join(machine.root, 'workspace'), { recursive: true });
  writeFileSync(join(machine.root, 'workspace/a'), 'work');
  const person = spawn('/bin/sh', ['-c', 'sleep 1000 & wait'], { stdio: 'ignore' });
  started.add(person);
  const state = (): string => processes().find(({ parent }) => parent === person.pid)?.state ?? 'gone';
  const places = ['--root', machine.root, '--home', machine.home, '--restic', resticProgram!];
  const argv = [agentProgram, 'save', ...places, '--within', String(person.pid)];
  const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
  started.add(child);
  const agent = follow(child, saveOrder(world, { mode: 'last', repository }), started);
  await agent.until('stopped_processes');
  const stood = performance.now();
  const during = state();
  const failed = await agent.until('failed');
  await agent.ended;
  return { states: [during, state()], code: failed.code, stoodMs: performance.now() - stood };
}

resticTest(
  'whatever is the matter with storage, people are not kept waiting for long when everything stands still',
  async () => {
    const s3 = async (silent: boolean): Promise<SaveOrder['repository']> => ({
      ...world.repository,
      url: `s3:http://127.0.0.1:${await port(silent)}/bucket/lab`,
    });
    const holder = await lockedBy(world);
    started.add(holder);
    const frozen = await Promise.all([
      lastSave('refused', await s3(false)),
      lastSave('silent', await s3(true)),
      lastSave('locked', world.repository),
    ]);
    expect(frozen.map(({ code }) => code)).toEqual(['storage_down', 'storage_down', 'repository_locked']);
    for (const { states, stoodMs } of frozen) {
      expect(states).toEqual(['T', 'S']);
      expect(stoodMs).toBeLessThan(60_000); // restic itself would try for 15 min
    }
  },
  90_000,
);
