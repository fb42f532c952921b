import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { repositoryPrefix } from '../../engine/domain/layout.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { machineOn } from '../standins/r2/machine.ts';
import { standInForR2 } from '../standins/r2/r2.ts';
import { temporaryFolder } from '../store/temporary-folder.ts';
import { ROOT } from './storage-world.ts';

const { signal } = new AbortController();
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

test.skipIf(resticProgram === null)('a drill brings every file of a snapshot, and leaves nothing behind', async () => {
  await using r2 = await standInForR2();
  await using machine = await machineOn(r2.world);
  const { repositories, workspace, root, storage } = machine;
  const files = { 'a.py': 'one', 'sub/two words': 'two', 'sub/empty': '', 'big.bin': 'x'.repeat(3_000_000) };
  mkdirSync(join(root, 'work/sub'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, 'work', name), text);
  writeFileSync(Buffer.concat([Buffer.from(`${root}/work/odd`), Buffer.from([0xff])]), 'three');
  const id = await machine.backUp();
  const paths = [...Object.keys(files).map((name) => `work/${name}`), 'work/missing'];
  const { digests, bytes, ms } = await repositories.restoreHere(workspace, id, { paths, whole: true }, signal);
  expect(Object.fromEntries(digests)).toEqual(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`work/${name}`, sha256(text)])),
  );
  expect(bytes).toBe(3_000_011);
  expect(ms).toBeGreaterThan(0);
  expect(readdirSync(join(r2.world.folder, 'control-lab/scratch'))).toEqual([]);

  const some = { paths: ['work/sub/two words', 'work/missing'], whole: false };
  const part = await repositories.restoreHere(workspace, id, some, signal);
  expect([...part.digests], 'only what was asked for').toEqual([['work/sub/two words', sha256('two')]]);
  expect(part.bytes).toBe(3);

  expect(await repositories.check(workspace, { readData: '100%' }, signal)).toEqual([]);
  const packs = await storage.list(`${repositoryPrefix('lab')}data/`, signal);
  const pack = packs.toSorted((a, b) => b.sizeBytes - a.sizeBytes)[0]!;
  const damaged = Buffer.from((await storage.get(pack.key, signal)) ?? []);
  damaged[100]! ^= 1;
  await storage.put(pack.key, damaged, signal);
  const faults = await repositories.check(workspace, { readData: '100%' }, signal);
  expect(faults.join('\n')).toMatch(/pack [0-9a-f]{8}/);
  await expect(repositories.restoreHere(workspace, id, { paths, whole: true }, signal)).rejects.toMatchObject({
    code: 'restore_failed',
  });
  expect(readdirSync(join(r2.world.folder, 'control-lab/scratch'))).toEqual([]);
});

test.skipIf(resticProgram === null)(
  'what was saved read-only is proved and drilled by who is not root, and taken away again',
  async () => {
    await using r2 = await standInForR2();
    await using machine = await machineOn(r2.world);
    await using home = await temporaryFolder();
    const { workspace, root, storage } = machine;
    const isRoot = process.getuid?.() === 0;
    const left = join(home.path, 'scratch/of-an-engine-that-was-killed/files');
    mkdirSync(left, { recursive: true });
    mkdirSync(join(home.path, 'scratch/of-another-user'));
    writeFileSync(join(home.path, 'scratch/of-another-user/file'), '');
    writeFileSync(join(left, 'file'), 'decrypted');
    const names = ['closed/deep/a', 'closed/b', 'hidden', 'plain'];
    mkdirSync(join(root, 'work/closed/deep'), { recursive: true });
    for (const name of names) writeFileSync(join(root, 'work', name), name);
    symlinkSync('closed', join(root, 'work/link'));
    for (const folder of [join(root, 'work/closed/deep'), join(root, 'work/closed'), left]) chmodSync(folder, 0o555);
    if (isRoot) {
      chmodSync(join(root, 'work/hidden'), 0); // only root can save such a file
      chmodSync(join(root, 'work/closed'), 0);
      for (const path of ['', 'scratch', 'scratch/of-an-engine-that-was-killed'])
        chownSync(join(home.path, path), NOBODY, NOBODY);
      for (const path of [left, join(left, 'file')]) chownSync(path, NOBODY, NOBODY);
    }
    const id = await machine.backUp();
    for (const folder of ['work/closed', 'work/closed/deep']) chmodSync(join(root, folder), 0o755);
    const { endpoint, bucket, region } = storage;
    const asked = {
      place: { endpoint, bucket, region, parent: { ...ROOT, account: 'local' } },
      restic: resticProgram,
      folder: home.path,
      workspace,
      id,
      paths: [...names.map((name) => `work/${name}`), 'work/link/b'],
    };
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(import.meta.dirname, 'drill-child.ts'), JSON.stringify(asked)],
      { ...(isRoot && { uid: NOBODY, gid: NOBODY }), env: { PATH: '/usr/bin:/bin' }, cwd: '/', timeout: 60_000 },
    );
    const { uid, proof, drill, logged } = JSON.parse(stdout);
    const expected = Object.fromEntries(names.map((name) => [`work/${name}`, sha256(name)]));
    expect(uid).not.toBe(0);
    expect(Object.fromEntries(proof)).toEqual(expected);
    expect(Object.fromEntries(drill)).toEqual(expected);
    expect(readdirSync(join(home.path, 'scratch'))).toEqual(isRoot ? ['of-another-user'] : []);
    expect(logged).toEqual(isRoot ? ['scratch.not_removed'] : []);
  },
);

const NOBODY = 65_534;
