import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect } from 'vitest';
import { type Machine, manifestIn, restoreOrder, type Saved, saveOnce, snapshotOf } from './machine.ts';
import { resticWorld } from './restic-world.ts';

const { can, resticTest, world, claimed } = await resticWorld();
let a: Machine;
let b: Machine;
let saved: Saved;
let remote: string;

function git(folder: string, ...args: readonly string[]): string {
  const who = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' };
  return execFileSync('git', ['-C', folder, ...args], {
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin:/usr/local/bin', HOME: world.folder, ...who },
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

/** Everything that a person would look at, and whether git finds anything missing. */
function sightOf(folder: string): readonly string[] {
  return [
    git(folder, 'status', '--porcelain=v2', '--branch', '--untracked-files=all'),
    git(folder, 'log', '--all', '--reflog', '--format=%H %s'),
    git(folder, 'stash', 'list'),
    git(folder, 'diff', 'HEAD'),
    git(folder, 'diff', '--cached'),
    git(folder, 'fsck', '--no-progress', '--no-dangling'),
  ];
}

beforeAll(async () => {
  if (!can) return;
  a = await claimed('a');
  const at = (name: string): string => join(a.root, 'workspace', name);
  mkdirSync(at('local'));
  git(at('local'), 'init', '--quiet');
  writeFileSync(join(at('local'), 'file'), 'one\n');
  git(at('local'), 'add', 'file');
  git(at('local'), 'commit', '--quiet', '--message', 'one');
  appendFileSync(join(at('local'), 'file'), 'staged\n');
  git(at('local'), 'add', 'file');
  writeFileSync(join(at('local'), 'untracked'), '');

  remote = join(world.folder, 'remote.git');
  git(world.folder, 'clone', '--quiet', '--bare', at('local'), remote);
  for (const name of ['pristine', 'unpushed', 'stashed', 'amended', 'edited'])
    git(at(''), 'clone', '--quiet', remote, name);
  git(at('unpushed'), 'commit', '--quiet', '--allow-empty', '--message', 'mine');
  appendFileSync(join(at('stashed'), 'file'), 'stashed\n');
  git(at('stashed'), 'stash', '--quiet');
  git(at('amended'), 'commit', '--quiet', '--allow-empty', '--message', 'lost but for the reflog');
  git(at('amended'), 'reset', '--quiet', '--hard', 'origin/HEAD');
  appendFileSync(join(at('edited'), 'file'), 'edited\n');
  mkdirSync(join(at('fake'), '.git/objects'), { recursive: true });
  writeFileSync(join(at('fake'), '.git/objects/x'), '');

  saved = await saveOnce(world, a);
  b = world.machine('b');
  const events = await b.run('restore', restoreOrder(world, { snapshot: snapshotOf(world, saved) }));
  expect(events.at(-1)).toMatchObject({ event: 'complete', contentHash: saved.contentHash });
}, 60_000);

resticTest('objects are left out only of a clone that nobody worked in', () => {
  const kept = manifestIn(world).filter((line) => line.path.endsWith('/.git/objects'));
  expect(kept.map((line) => line.path.split('/')[1])).toEqual(['amended', 'edited', 'local', 'stashed', 'unpushed']);
  expect(saved.atRisk).toEqual([]);
});

resticTest.each(['local', 'unpushed', 'stashed', 'amended', 'edited'])(
  'after a wake git finds everything in a repository that is %s',
  (name) => {
    const [there, here] = [join(a.root, 'workspace', name), join(b.root, 'workspace', name)];
    expect(sightOf(here)).toEqual(sightOf(there));
  },
);

resticTest('a pristine clone gets its objects from its remote again', async () => {
  const folder = join(b.root, 'workspace/pristine');
  // The restore itself does not wait for it.
  for (let tries = 0; tries < 100 && !existsSync(join(folder, '.git/objects/pack')); tries++) await sleep(50);
  expect(sightOf(folder)).toEqual(sightOf(join(a.root, 'workspace/pristine')));
  expect(readdirSync(join(folder, '.git'))).not.toContain('.dumont-restore');
});

resticTest("leaving out objects by a rule of one's own is obeyed, and said", async () => {
  writeFileSync(join(a.root, 'workspace/.dumontignore'), '.git/\n!.git/\n**/.git/objects/\n');
  const again = await saveOnce(world, a);
  expect(again.atRisk.map((risk) => [risk.kind, risk.path.split('/')[1]])).toEqual(
    ['amended', 'edited', 'local', 'stashed', 'unpushed'].map((name) => ['git', name]),
  );
});
