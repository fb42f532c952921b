import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repositoryPrefix } from '../../engine/domain/layout.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { machineOn } from '../standins/r2/machine.ts';
import { standInForR2 } from '../standins/r2/r2.ts';

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
