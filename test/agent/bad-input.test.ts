import { spawn } from 'node:child_process';
import { chmodSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { resticProgram } from '../restic/which-restic.ts';
import { write } from './living.ts';
import {
  follow,
  gatedRestic,
  type Machine,
  manifestIn,
  type Running,
  read,
  restoreOrder,
  type Saved,
  saveOnce,
  saveOrder,
  snapshotOf,
} from './machine.ts';
import { resticWorld } from './restic-world.ts';
import { agentProgram } from './which-agent.ts';

const { claimed, resticTest, world } = await resticWorld('linux');

/** Root may read everything, unless it gave up that right. */
function saveAsNobodySpecial(machine: Machine): Running {
  const places = ['--root', machine.root, '--home', machine.home, '--restic', resticProgram!];
  const agent = [process.execPath, agentProgram, 'save', ...places];
  const [program = '', ...argv] =
    process.getuid?.() === 0 ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search', '--', ...agent] : agent;
  return follow(spawn(program, argv, { stdio: ['pipe', 'pipe', 'inherit'] }), saveOrder(world));
}

async function believed(agent: Running): Promise<Saved> {
  const saved = await agent.until('saved');
  agent.say({ say: 'verdict', processes: 'continue' });
  await agent.ended;
  return saved;
}

const paths = (): readonly string[] => manifestIn(world).map((line) => line.path);

resticTest('what cannot be read is named, each with its reason, and all the rest is saved', async () => {
  const machine = await claimed('unreadable');
  write(machine, {
    'workspace/file': 'secret',
    'workspace/folder/below': 'below',
    'workspace/ruled/.dumontignore': 'a',
    'workspace/ruled/b': 'b',
    'workspace/plain': 'plain',
    'data/other': 'other',
  });
  for (const path of ['workspace/file', 'workspace/folder', 'workspace/ruled/.dumontignore'])
    chmodSync(join(machine.root, path), 0);
  const saved = await believed(saveAsNobodySpecial(machine));
  expect(saved).toMatchObject({ partial: true, files: 2 });
  expect(saved.atRisk.map(({ kind, path, why }) => `${kind} ${path}: ${why}`).toSorted()).toEqual([
    'unlisted workspace/folder: it cannot be listed (EACCES)',
    'unlisted workspace/ruled/.dumontignore: it cannot be read (EACCES), so what it is about is left out',
    'unreadable workspace/file: it cannot be read (EACCES)',
  ]);
  expect(paths()).toEqual(['data', 'data/other', 'root', 'workspace', 'workspace/plain', 'workspace/ruled']);
});

resticTest('links that lead in circles, holes in files and a file that is too large stop nothing', async () => {
  const machine = await claimed('odd');
  write(machine, { 'workspace/plain': 'plain' });
  const at = (path: string): string => join(machine.root, path);
  symlinkSync('b', at('workspace/a'));
  symlinkSync('a', at('workspace/b'));
  symlinkSync('.', at('workspace/itself'));
  symlinkSync('../..', at('workspace/up'));
  rmSync(at('data'), { recursive: true });
  symlinkSync('data', at('data'));
  writeFileSync(at('workspace/holes'), '');
  truncateSync(at('workspace/holes'), 50_000_000);
  writeFileSync(at('workspace/huge'), '');
  truncateSync(at('workspace/huge'), 4_000_000_000_000);
  const saved = await saveOnce(world, machine, { fileBytesMax: 1e9 });
  expect(saved.atRisk).toEqual([
    { kind: 'over-cap', path: 'workspace/huge', sizeBytes: 4e12, why: 'larger than 1000000000 bytes' },
  ]);
  expect(paths()).toEqual([
    'data',
    'root',
    'workspace',
    ...['a', 'b', 'holes', 'itself', 'plain', 'up'].map((name) => `workspace/${name}`),
  ]);
  expect(saved).toMatchObject({ partial: false, files: 2 });
});

resticTest('what goes, comes or becomes something else while it is backed up stops nothing', async () => {
  const gate = gatedRestic(world, 'backup');
  const machine = await claimed('vanishing', gate.program);
  write(machine, {
    'workspace/goes': 'goes',
    'workspace/folder/goes': 'goes too',
    'workspace/changes': 'before',
    'workspace/becomes': 'a file',
    'workspace/stays': 'stays',
  });
  const agent = machine.start('save', saveOrder(world));
  await gate.reached();
  for (const path of ['goes', 'folder', 'becomes']) rmSync(join(machine.root, 'workspace', path), { recursive: true });
  write(machine, { 'workspace/becomes/a': 'directory', 'workspace/changes': 'afterwards', 'workspace/comes': 'new' });
  gate.open();
  const saved = await believed(agent);
  expect(saved.partial).toBe(false);
  const lines = new Map(manifestIn(world).map((line) => [line.path, line]));
  expect(lines.get('workspace/stays')?.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(lines.get('workspace/changes')).not.toHaveProperty('sha256');
  expect([lines.has('workspace/goes'), lines.has('workspace/folder')]).toEqual([false, false]);

  const other = world.machine('vanished');
  const events = await other.run('restore', restoreOrder(world, { epoch: 2, snapshot: snapshotOf(world, saved) }));
  expect(events.at(-1)).toMatchObject({ event: 'complete', contentHash: saved.contentHash });
  expect(read(other, 'workspace/changes')).toBe('afterwards');
});
