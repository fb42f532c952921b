import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { contentHash } from '../../engine/policy/content-hash.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { manifestIn, openWorld, restoreOrder, saveOnce, snapshotOf, treeOf } from './machine.ts';

const resticTest = test.skipIf(resticProgram === null);

resticTest('what was saved on one machine is what another one gets', async () => {
  await using world = await openWorld();
  const a = world.machine('a');
  await a.run('restore', restoreOrder(world));
  const work = join(a.root, 'workspace');
  mkdirSync(join(work, 'project/empty'), { recursive: true });
  writeFileSync(join(work, 'project/code.py'), 'print(1)\n');
  chmodSync(join(work, 'project/code.py'), 0o755);
  utimesSync(join(work, 'project/code.py'), 1e9, 1e9 + 0.25);
  symlinkSync('code.py', join(work, 'project/link'));
  symlinkSync('/nowhere', join(work, 'project/dangling'));
  writeFileSync(Buffer.concat([Buffer.from(`${work}/bad-`), Buffer.from([0xff, 0x0a, 0xe9])]), 'odd name');
  writeFileSync(join(work, 'big.bin'), Buffer.alloc(20_000_000, 7));
  mkdirSync(join(work, 'project/__pycache__'));
  writeFileSync(join(work, 'project/__pycache__/x.pyc'), 'not saved');
  writeFileSync(join(a.root, 'root/.bashrc'), 'alias x=y\n');
  execFileSync('mkfifo', [join(work, 'pipe')]);

  const saved = await saveOnce(world, a);
  expect(saved).toMatchObject({ parent: null, partial: false, atRisk: [], epoch: 1, files: 4 });
  expect(contentHash(manifestIn(world))).toBe(saved.contentHash);

  const b = world.machine('b');
  const events = await b.run('restore', restoreOrder(world, { epoch: 2, snapshot: snapshotOf(world, saved) }));
  expect(events.at(-1)).toMatchObject({ event: 'complete', files: 4, contentHash: saved.contentHash });
  expect(treeOf(b.root, ['opt'])).toEqual(treeOf(a.root, ['opt', 'workspace/project/__pycache__']));
});
