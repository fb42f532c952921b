import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect } from 'vitest';
import type { ManifestLine } from '../../engine/domain/agent-protocol.ts';
import { contentHash } from '../../engine/policy/content-hash.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { gatedRestic, type Machine, read, restoreOrder, type Saved, saveOnce, snapshotOf, treeOf } from './machine.ts';
import { resticWorld } from './restic-world.ts';

const { can, resticTest, world, claimed } = await resticWorld();
let saved: Saved;
let original: Machine;

beforeAll(async () => {
  if (!can) return;
  original = await claimed('original');
  const at = (path: string): string => join(original.root, path);
  mkdirSync(at('workspace/models'), { recursive: true });
  mkdirSync(at('root/.ssh'), { mode: 0o700 });
  for (const path of ['workspace/code.py', 'workspace/edited.py', 'workspace/gone.py', 'root/.bashrc', 'root/same'])
    writeFileSync(at(path), `saved ${path}\n`);
  writeFileSync(at('root/.ssh/authorized_keys'), 'ssh-ed25519 AAAA friend\nssh-ed25519 BBBB both\n');
  for (const name of ['a.bin', 'b.bin']) writeFileSync(at(`workspace/models/${name}`), Buffer.alloc(17_000_000, name));
  for (const path of ['workspace/models', 'workspace/models/a.bin', 'root/same']) utimesSync(at(path), 1e9, 1e9);
  saved = await saveOnce(world, original);
}, 30_000);

const order = (more: object = {}) => restoreOrder(world, { epoch: 2, snapshot: snapshotOf(world, saved), ...more });

/** The worker's process, which is apart from the one that we started. */
const workerOf = (machine: Machine): number => JSON.parse(readFileSync(join(machine.home, 'lock'), 'utf8')).pid;

resticTest('of the large data what was used last comes before what only lies there', async () => {
  const gate = gatedRestic(world, 'restore-rest-');
  const machine = world.machine('used-first', gate.program);
  const running = machine.start('restore', order());
  await gate.reached();
  const models = join(machine.root, 'workspace/models');
  expect(readdirSync(models), 'written today; the other one years ago').toEqual(['b.bin']);
  gate.open();
  expect(await running.ended).toBe(0);
  expect(treeOf(machine.root, ['opt'])).toEqual(treeOf(original.root, ['opt']));
});

resticTest('what a person does while the rest arrives stays, through a crash of the agent too', async () => {
  const gate = gatedRestic(world, '--include-file');
  const machine = world.machine('edits', gate.program);
  const first = machine.start('restore', order());
  await first.until('usable');
  await gate.reached();
  expect(read(machine, 'workspace/code.py')).toBe('saved workspace/code.py\n');
  expect(existsSync(join(machine.root, 'workspace/models/a.bin'))).toBe(false);

  appendFileSync(join(machine.root, 'workspace/edited.py'), 'my work\n');
  rmSync(join(machine.root, 'workspace/gone.py'));
  writeFileSync(join(machine.root, 'workspace/models/a.bin'), 'my own model');
  writeFileSync(join(machine.root, 'workspace/new.py'), 'new\n');
  process.kill(workerOf(machine), 'SIGKILL');
  expect(await first.ended).toBe(1);
  expect(first.events.at(-1)).toMatchObject({ event: 'failed', code: 'restore_failed' });

  gate.open();
  const events = await machine.run('restore', order());
  const beside = `workspace/models/a.bin.dumont-${saved.snapshot!.slice(0, 8)}`;
  expect(events.filter((event) => event.event !== 'progress')).toEqual([
    { event: 'usable', files: 6, bytes: expect.any(Number) },
    { event: 'kept_both', path: 'workspace/models/a.bin', beside },
    { event: 'complete', files: 8, bytes: expect.any(Number), contentHash: expect.any(String) },
  ]);
  expect(read(machine, 'workspace/edited.py')).toBe('saved workspace/edited.py\nmy work\n');
  expect(existsSync(join(machine.root, 'workspace/gone.py'))).toBe(false);
  expect(read(machine, 'workspace/new.py')).toBe('new\n');
  expect(read(machine, 'workspace/models/a.bin')).toBe('my own model');
  const same = (here: string, there: string): boolean =>
    readFileSync(join(machine.root, here)).equals(readFileSync(join(original.root, there)));
  expect(same(beside, 'workspace/models/a.bin')).toBe(true);
  expect(same('workspace/models/b.bin', 'workspace/models/b.bin')).toBe(true);
  expect(readdirSync(join(machine.root, 'workspace'))).not.toContain('.dumont-restore');
});

resticTest('a restore outlives the connection, is followed again, and repeats its end', async () => {
  const gate = gatedRestic(world, '--include-file');
  const machine = world.machine('followed', gate.program);
  const first = machine.start('restore', order());
  await first.until('usable');
  first.child.kill('SIGHUP');
  await first.ended;
  const second = machine.start('restore', order());
  await second.until('usable');
  gate.open();
  expect(await second.until('complete')).toMatchObject({ contentHash: saved.contentHash });
  await second.ended;
  expect(treeOf(machine.root, ['opt'])).toEqual(treeOf(original.root, ['opt']));
  const third = await machine.run('restore', order());
  expect(third.map((event) => event.event).filter((name) => name !== 'progress')).toEqual(['usable', 'complete']);
  expect(third.at(-1)).toEqual(second.events.at(-1));
});

resticTest("the image's files give way, the machine's own keys stay beside the snapshot's", async () => {
  const machine = world.machine('image');
  const at = (path: string): string => join(machine.root, path);
  mkdirSync(at('root/.ssh'), { recursive: true });
  mkdirSync(at('workspace/code.py/was-a-folder'), { recursive: true });
  writeFileSync(at('root/.bashrc'), "the image's\n");
  writeFileSync(at('root/.profile'), "the image's\n");
  writeFileSync(at('root/same'), read(original, 'root/same'));
  writeFileSync(at('root/.ssh/authorized_keys'), 'ssh-ed25519 BBBB both\nssh-ed25519 CCCC engine');
  const { ino } = statSync(at('root/same'));
  const events = await machine.run('restore', order());
  expect(events.at(-1)).toMatchObject({ event: 'complete' });
  expect(read(machine, 'root/.bashrc')).toBe('saved root/.bashrc\n');
  expect(read(machine, 'root/.profile')).toBe("the image's\n");
  expect(statSync(at('root/same'))).toMatchObject({ ino, mtimeMs: 1e12 }); // it was there: not fetched again
  expect(read(machine, 'root/.ssh/authorized_keys')).toBe(
    'ssh-ed25519 BBBB both\nssh-ed25519 CCCC engine\nssh-ed25519 AAAA friend\n',
  );
  const kept = events.filter((event) => event.event === 'kept_both');
  expect(kept).toEqual([
    { event: 'kept_both', path: 'workspace/code.py', beside: expect.stringMatching(/code\.py\.dumont-/) },
  ]);
});

resticTest('nothing is touched by a snapshot that does not fit, or whose manifest is another one', async () => {
  const machine = world.machine('small');
  const huge: ManifestLine[] = [
    { path: 'workspace', type: 'dir', mode: 0o755, mtimeMs: 0, sizeBytes: 0 },
    { path: 'workspace/x', type: 'file', mode: 0o644, mtimeMs: 0, sizeBytes: 1e15, sha256: '0'.repeat(64) },
  ];
  world.objects.set('/huge', gzipSync(huge.map((line) => `${JSON.stringify(line)}\n`).join('')));
  const snapshot = {
    id: createHash('sha256').digest('hex'),
    contentHash: contentHash(huge),
    manifestUrl: world.url('huge'),
  };
  const full = await machine.run('restore', order({ snapshot }));
  expect(full).toMatchObject([{ event: 'failed', code: 'machine_disk_full' }]);
  const other = await machine.run(
    'restore',
    order({ snapshot: { ...snapshotOf(world, saved), manifestUrl: world.url('huge') } }),
  );
  expect(other).toMatchObject([{ event: 'failed', code: 'restore_differs' }]);
  const gone = await machine.run(
    'restore',
    order({ snapshot: { ...snapshotOf(world, saved), manifestUrl: world.url('no') } }),
  );
  expect(gone).toMatchObject([{ event: 'failed', code: 'storage_refused' }]);
  expect(treeOf(machine.root, ['opt'])).toEqual(['']);
});

/** A restic that spoils a file that it restored, the first `times` times. */
function spoilingRestic(times: number): string {
  const program = join(world.folder, `spoiling-restic-${times}`);
  // As a disk does it: the size and the time stay.
  const bend =
    'touch -r "$file" "$0.time"; tr s z <"$file" >"$0.bent"; cat "$0.bent" >"$file"; touch -r "$0.time" "$file"';
  const spoil = `[ "$(cat ${program}.count 2>/dev/null | wc -l)" -ge ${times} ] || { echo x >> ${program}.count; ${bend}; }`;
  const script = `#!/bin/sh
${resticProgram} "$@" || exit $?
for last; do case $before in --target) target=$last;; esac; before=$last; done
file=$target/code.py
if [ -e "$file" ]; then ${spoil}; fi
`;
  writeFileSync(program, script, { mode: 0o755 });
  return program;
}

resticTest('what a disk spoiled is fetched again, and what stays wrong is never shown', async () => {
  const once = world.machine('spoiled-once', spoilingRestic(1));
  expect((await once.run('restore', order())).at(-1)).toMatchObject({
    event: 'complete',
    contentHash: saved.contentHash,
  });
  const always = world.machine('spoiled', spoilingRestic(9));
  expect((await always.run('restore', order())).at(-1)).toEqual({
    event: 'failed',
    code: 'restore_differs',
    why: '1 files are not what was saved: workspace/code.py',
  });
  expect(readdirSync(join(always.root, 'workspace'))).toEqual(['.dumont-restore']);
});

resticTest('another snapshot replaces what a restore brought, and never what a person made of it', async () => {
  const machine = world.machine('twice');
  await machine.run('restore', order());
  const at = (path: string): string => join(original.root, path);
  appendFileSync(at('workspace/code.py'), 'newer\n');
  appendFileSync(at('workspace/edited.py'), 'newer\n');
  const newer = await saveOnce(world, original, { manifestUrl: world.url('newer') });
  appendFileSync(join(machine.root, 'workspace/edited.py'), 'mine\n');
  const snapshot = snapshotOf(world, newer, 'newer');
  const events = await machine.run('restore', order({ job: 'second', snapshot }));
  const beside = `workspace/edited.py.dumont-${newer.snapshot!.slice(0, 8)}`;
  expect(events.filter((event) => event.event === 'kept_both')).toEqual([
    { event: 'kept_both', path: 'workspace/edited.py', beside },
  ]);
  expect(read(machine, 'workspace/code.py')).toBe('saved workspace/code.py\nnewer\n');
  expect(read(machine, 'workspace/edited.py')).toBe('saved workspace/edited.py\nmine\n');
  expect(read(machine, beside)).toBe('saved workspace/edited.py\nnewer\n');
});
