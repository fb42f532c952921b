import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { expect, test } from 'vitest';

/**
 * Who may import whom: each folder, and the others whose files it may import besides its own. Arrows point down this list
 * only. What wires everything together is exempt.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'engine/domain': [],
  'engine/files': [],
  'engine/policy': ['engine/domain'],
  'engine/restic': ['engine/domain', 'engine/files'],
  'engine/remote': ['engine/domain'],
  'engine/marketplaces': ['engine/domain', 'engine/files'],
  'engine/ssh': ['engine/domain'],
  'engine/store': ['engine/domain'],
  'engine/accounts': ['engine/domain'],
  'engine/tools': ['engine/domain'],
  // The control host reads repositories with the same restic, as data, that the machines write with.
  'engine/storage': ['engine/domain', 'engine/restic'],
  'engine/agent': ['engine/domain', 'engine/files', 'engine/policy', 'engine/restic'],
  'engine/steps': ['engine/domain', 'engine/policy', 'engine/restic', 'engine/remote'],
  'engine/process': ['engine/domain', 'engine/files', 'engine/policy'],
  'engine/backups': ['engine/domain', 'engine/policy', 'engine/steps'],
  'engine/money': ['engine/domain', 'engine/policy', 'engine/steps', 'engine/process'],
  'engine/asks': ['engine/domain', 'engine/policy', 'engine/steps', 'engine/backups', 'engine/money'],
  engine: [
    'engine/domain',
    'engine/policy',
    'engine/steps',
    'engine/process',
    'engine/backups',
    'engine/money',
    'engine/asks',
  ],
  'engine/http': ['engine/domain', 'engine/files'],
  'bot/discord': ['engine/domain'],
  bot: ['engine/domain', 'bot/discord'],
  'bot/setup': ['engine/domain', 'engine/files', 'bot/discord', 'bot'],
  'engine/cli': ['engine/domain', 'engine/files', 'engine/http', 'bot/setup'],
  'engine/doctor': ['engine/domain'],
  // The Pulumi program: SSH and pinned downloads are the engine's, and it knows nothing else of it.
  infra: ['engine/domain', 'engine/ssh', 'engine/tools'],
};

/** Programs of their own, which wire. */
const EXEMPT: ReadonlySet<string> = new Set([
  'engine/main.ts',
  'engine/recover-main.ts',
  'engine/key-main.ts',
  'engine/cli/tour/keeper.ts',
  'engine/doctor/main.ts',
]);

const root = join(import.meta.dirname, '..');
const files = globSync(['engine/**/*.ts', 'infra/**/*.ts', 'bot/**/*.ts'], { cwd: root }).filter(
  (file) => !file.includes('node_modules'),
);

test('every file stands in a folder of the table', () => {
  const homeless = files.filter((file) => folderOf(file) === null);
  expect(homeless).toEqual([]);
});

test('imports point one way', () => {
  const crossings = files.filter((file) => !EXEMPT.has(file)).flatMap(crossingsOf);
  expect(crossings).toEqual([]);
});

test('the table itself has no circle', () => {
  const order = Object.keys(MAY_IMPORT);
  const upward = order.flatMap((folder, i) =>
    (MAY_IMPORT[folder] ?? []).filter((other) => order.indexOf(other) >= i).map((other) => `${folder} -> ${other}`),
  );
  expect(upward).toEqual([]);
});

test('few know ssh2, lowdb and the client of Discord', () => {
  const users = (library: string) => files.filter((file) => importsOf(file).includes(library)).map(folderOf);
  expect(new Set(users('ssh2'))).toEqual(new Set(['engine/ssh', 'engine/marketplaces']));
  expect(new Set(users('lowdb'))).toEqual(new Set(['engine/store']));
  expect(new Set([...users('@discordjs/rest'), ...users('@discordjs/ws')])).toEqual(new Set(['bot/discord']));
});

function crossingsOf(file: string): string[] {
  const from = folderOf(file);
  return importsOf(file)
    .filter((target) => target.startsWith('.'))
    .map((target) => normalize(join(dirname(file), target)))
    .filter((target) => {
      const to = folderOf(target);
      return from !== to && !(to !== null && from !== null && MAY_IMPORT[from]?.includes(to));
    })
    .map((target) => `${from} must not import ${folderOf(target)}: ${file} -> ${target}`);
}

function importsOf(file: string): string[] {
  const source = readFileSync(join(root, file), 'utf8');
  return [...source.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(([, target = '']) => target);
}

function folderOf(file: string): string | null {
  const path = relative('.', file);
  const folder = dirname(path);
  if (folder === 'engine') return 'engine';
  if (folder.split('/')[0] === 'infra') return 'infra';
  const top = folder.split('/').slice(0, 2).join('/');
  if (top in MAY_IMPORT) return top;
  return path.startsWith('bot/') ? 'bot' : null; // its folders are one thing, but for those above
}
