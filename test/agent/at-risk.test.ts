import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AgentEvent } from '../../engine/domain/agent-protocol.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { type Machine, openWorld, restoreOrder, treeOf, type World } from './machine.ts';

const order = {
  protocol: 1,
  workspace: 'lab',
  machine: 'm1',
  verb: 'at-risk',
  include: [],
  exclude: [],
  fileBytesMax: 1e6,
};
type Risk = Extract<AgentEvent, { event: 'at_risk' }>;

async function riskOf(machine: Machine, more: object = {}): Promise<Risk> {
  const events = await machine.run('at-risk', { ...order, ...more });
  expect(events).toHaveLength(1);
  return events[0] as Risk;
}

async function newMachine(world: World): Promise<Machine> {
  const machine = world.machine('a');
  await machine.run('restore', restoreOrder(world));
  return machine;
}

function git(folder: string, ...args: readonly string[]): void {
  const who = { GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' };
  execFileSync('git', ['-c', 'init.defaultBranch=main', '-C', folder, ...args], {
    env: { PATH: '/usr/bin:/bin:/usr/local/bin', HOME: '/nonexistent', ...who },
    stdio: 'ignore',
  });
}

test.skipIf(resticProgram === null)(
  'names what is in no backup, what rules leave out, and what waits for one',
  async () => {
    await using world = await openWorld();
    const machine = await newMachine(world);
    const work = join(machine.root, 'workspace');
    writeFileSync(join(work, 'huge'), Buffer.alloc(1_000_001));
    writeFileSync(join(work, 'small'), 'small');
    writeFileSync(join(work, 'run.log'), Buffer.alloc(500));
    mkdirSync(join(work, 'node_modules/deep'), { recursive: true });
    writeFileSync(join(work, 'node_modules/deep/x.js'), Buffer.alloc(3_000));
    mkdirSync(join(work, 'cache'));
    writeFileSync(join(work, 'cache/x'), Buffer.alloc(2_000));
    writeFileSync(join(work, '.dumontignore'), 'cache/\n[never\n');
    writeFileSync(join(work, 'skip.me'), Buffer.alloc(10));
    const before = treeOf(machine.root, ['opt']);
    const risk = await riskOf(machine, { exclude: ['skip.me'] });
    expect(risk.files).toEqual([
      { kind: 'over-cap', path: 'workspace/huge', sizeBytes: 1_000_001, why: 'larger than 1000000 bytes' },
    ]);
    expect(risk.excluded).toEqual([
      { path: 'workspace/node_modules', sizeBytes: 3_000, rule: 'node_modules/ (default)' },
      { path: 'workspace/cache', sizeBytes: 2_000, rule: 'cache/' },
      { path: 'workspace/run.log', sizeBytes: 500, rule: '*.log (default)' },
      { path: 'workspace/skip.me', sizeBytes: 10, rule: 'skip.me (of the workspace)' },
    ]);
    expect(risk.badLines).toEqual([
      { file: 'workspace/.dumontignore', number: 2, line: '[never', why: expect.stringContaining('bracket') },
    ]);
    expect(risk.pending).toMatchObject({ files: 5, bytes: 5 + 14 });
    expect(risk.pending.newest).toContain('workspace/small');
    expect(risk.durableAt).toBeNull();
    expect(treeOf(machine.root, ['opt'])).toEqual(before);
  },
);

test.skipIf(resticProgram === null)(
  'counts what no remote has, and a clone that nobody worked in is no risk',
  async () => {
    await using world = await openWorld();
    const machine = await newMachine(world);
    const work = join(machine.root, 'workspace');
    const remote = join(world.folder, 'remote.git');
    execFileSync('git', ['init', '-q', '--bare', remote]);
    const origin = join(work, 'origin');
    mkdirSync(origin);
    git(origin, 'init');
    writeFileSync(join(origin, 'a'), 'a');
    git(origin, 'add', 'a');
    git(origin, 'commit', '-m', 'a');
    git(origin, 'remote', 'add', 'origin', remote);
    git(origin, 'push', 'origin', 'main');
    for (const name of ['pristine', 'worked', 'excluded']) git(work, 'clone', remote, name, '-b', 'main');
    git(origin, 'fetch');
    const worked = join(work, 'worked');
    for (const text of ['b', 'c']) {
      writeFileSync(join(worked, 'a'), text);
      git(worked, 'commit', '-am', text);
    }
    writeFileSync(join(worked, 'a'), 'stashed');
    git(worked, 'stash');
    writeFileSync(join(worked, 'a'), 'changed');
    writeFileSync(join(worked, 'new file'), '');
    writeFileSync(join(work, 'excluded/a'), 'x');
    git(join(work, 'excluded'), 'commit', '-am', 'x');
    mkdirSync(join(work, 'empty'));
    git(join(work, 'empty'), 'init');
    writeFileSync(join(work, 'empty/first'), '');
    const risk = await riskOf(machine, { exclude: ['/workspace/excluded/.git/objects/'] });
    expect(risk.repositories).toEqual([
      { path: 'workspace/empty', unpushedCommits: 0, changedFiles: 1, stashes: 0, saved: true },
      { path: 'workspace/excluded', unpushedCommits: 1, changedFiles: 0, stashes: 0, saved: false },
      { path: 'workspace/worked', unpushedCommits: 2, changedFiles: 2, stashes: 1, saved: true },
    ]);
    expect(risk.files).toMatchObject([{ kind: 'git', path: 'workspace/excluded/.git/objects' }]);
  },
);

test.skipIf(resticProgram === null)('nothing that the settings of a repository name is run', async () => {
  await using world = await openWorld();
  const machine = await newMachine(world);
  const trap = join(machine.root, 'workspace/trap');
  mkdirSync(trap);
  git(trap, 'init');
  writeFileSync(join(trap, '.gitattributes'), '* filter=evil diff=evil merge=evil\n');
  writeFileSync(join(trap, 'a'), 'a');
  git(trap, 'add', '.');
  git(trap, 'commit', '-m', 'a');
  const sprung = join(world.folder, 'sprung');
  const run = `touch ${sprung} && cat`;
  appendFileSync(
    join(trap, '.git/config'),
    `
[core]
  fsmonitor = ${run}
  hooksPath = ${trap}/hooks
  pager = ${run}
  sshCommand = ${run}
  askPass = ${run}
  alternateRefsCommand = ${run}
[filter "evil"]
  clean = ${run}
  smudge = ${run}
  process = ${run}
  required = true
[diff]
  external = ${run}
[diff "evil"]
  textconv = ${run}
  command = ${run}
[gpg]
  program = ${run}
[log]
  showSignature = true
[remote "origin"]
  url = ext::${run}
  uploadpack = ${run}
  promisor = true
  partialclonefilter = blob:none
`,
  );
  mkdirSync(join(trap, 'hooks'));
  writeFileSync(join(trap, 'hooks/post-index-change'), `#!/bin/sh\n${run}\n`, { mode: 0o755 });
  writeFileSync(join(trap, 'a'), 'b');
  const risk = await riskOf(machine);
  expect(risk.repositories).toMatchObject([{ path: 'workspace/trap', unpushedCommits: 1, changedFiles: 2 }]);
  expect(existsSync(sprung)).toBe(false);
});
