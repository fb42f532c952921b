import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { repositoryPrefix, repositoryUrl } from '../../engine/domain/layout.ts';
import type { Repositories, Storage } from '../../engine/domain/ports.ts';
import type { Workspace } from '../../engine/domain/workspace.ts';
import { masterKey, readMasterKey } from '../../engine/storage/master-key.ts';
import { resticRepositories } from '../../engine/storage/repositories.ts';
import { s3Storage } from '../../engine/storage/s3.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { ROOT, type StorageWorld, storageWorld } from './storage-world.ts';

const { signal } = new AbortController();
const stack = new AsyncDisposableStack();
let world: StorageWorld;
let storage: Storage;
let repositories: Repositories;
const key = masterKey(Buffer.alloc(32, 1));

beforeAll(async () => {
  world = stack.use(await storageWorld());
  storage = stack.use(s3Storage({ ...world.place(), parent: { ...ROOT, account: 'local' }, now: Date.now }));
  repositories = open(key);
});
afterAll(() => stack.disposeAsync());

function open(
  masterKeyToUse: ReturnType<typeof masterKey>,
  folder = join(world.folder, 'control'),
  restic = resticProgram ?? '',
): Repositories {
  mkdirSync(folder, { recursive: true });
  return resticRepositories({
    restic,
    storage,
    masterKey: masterKeyToUse,
    folder,
    connections: 4,
    now: Date.now,
    log: () => undefined,
  });
}

async function workspace(id: string): Promise<Workspace> {
  const { sealed } = await repositories.newPassword();
  return { id, sealedPassword: sealed } as Workspace;
}

/** restic as a machine runs it. */
async function machine(of: Workspace, ...args: string[]): Promise<string> {
  const keys = await storage.issue({ prefix: repositoryPrefix(of.id), access: 'write', ttlMs: 600_000 });
  const options = ['-o', 's3.region=auto', '-o', 's3.bucket-lookup=path'];
  const { stdout } = await promisify(execFile)(resticProgram!, [...options, ...args], {
    env: {
      RESTIC_REPOSITORY: repositoryUrl(storage.endpoint, storage.bucket, of.id),
      RESTIC_PASSWORD: await repositories.password(of),
      RESTIC_CACHE_DIR: join(world.folder, 'machine-cache'),
      AWS_ACCESS_KEY_ID: keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
      AWS_SESSION_TOKEN: keys.sessionToken,
      HOME: world.folder,
    },
    cwd: world.folder,
    timeout: 30_000,
  });
  return stdout;
}

const resticTest = test.skipIf(resticProgram === null);

resticTest('a snapshot is read back from storage as it was saved there', async () => {
  const lab = await workspace('lab');
  await repositories.ensure(lab, signal);
  await open(key).ensure(lab, signal); // again, as another engine: nothing happens
  const work = join(world.folder, 'workspace');
  mkdirSync(join(work, 'sub'), { recursive: true });
  writeFileSync(join(work, 'a'), 'first');
  writeFileSync(join(work, 'sub/two words'), 'second');
  writeFileSync(Buffer.concat([Buffer.from(`${work}/odd`), Buffer.from([0xff])]), 'third');
  const said = await machine(lab, 'backup', '--json', '--host', 'lab', '--tag', 'epoch=1', 'workspace');
  const { snapshot_id: id } = JSON.parse(said.trim().split('\n').at(-1)!);

  expect(await repositories.snapshot(lab, id, signal)).toMatchObject({ id, host: 'lab', tags: ['epoch=1'] });
  expect(await repositories.snapshot(lab, '0'.repeat(64), signal)).toBeNull();
  expect(await repositories.snapshots(lab, signal)).toHaveLength(1);
  const files = await repositories.files(lab, id, signal);
  expect(files.map(({ path, sizeBytes }) => [path, sizeBytes])).toEqual([
    ['workspace/a', 5],
    ['workspace/odd\ufffd', 5],
    ['workspace/sub/two words', 6],
  ]);
  const digests = await repositories.digests(
    lab,
    id,
    ['workspace/a', 'workspace/sub/two words', 'workspace/no'],
    signal,
  );
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  expect([...digests].toSorted()).toEqual([
    ['workspace/a', sha256('first')],
    ['workspace/sub/two words', sha256('second')],
  ]);
  expect(JSON.parse((await machine(lab, 'check', '--json')).trim().split('\n').at(-1)!)).toMatchObject({
    num_errors: 0,
  });
});

resticTest('opening a repository costs no key stretching, and no secret stays behind', async () => {
  const [only, ...more] = await storage.list(`${repositoryPrefix('lab')}keys/`, signal);
  expect(more).toEqual([]);
  expect(JSON.parse(Buffer.from((await storage.get(only!.key, signal))!).toString())).toMatchObject({ N: 2 });
  expect(readdirSync(join(world.folder, 'control/scratch'))).toEqual([]);
});

resticTest('files of any name and right are read back, and only those that were asked for', async () => {
  const lab = await workspace('names');
  await repositories.ensure(lab, signal);
  const names = ['[x]*?.txt', '$HOME', ' both ends ', 'line\nbreak', 'back\\slash', 'ünï', '!not', '#no remark'];
  const work = join(world.folder, 'names');
  mkdirSync(join(work, 'deep'), { recursive: true });
  for (const name of names) writeFileSync(join(work, 'deep', name), name, { mode: 0o000 });
  writeFileSync(join(work, 'deep', 'x.txt'), 'not asked for');
  const said = await machine(lab, 'backup', '--json', '--host', 'names', 'names');
  const { snapshot_id: id } = JSON.parse(said.trim().split('\n').at(-1)!);
  const calls: string[] = [];
  const paths = names.map((name) => `names/deep/${name}`);
  const watched = open(key, join(world.folder, 'control'), countingRestic(calls));
  const digests = await watched.digests(lab, id, paths, signal);
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  expect(Object.fromEntries(digests)).toEqual(
    Object.fromEntries(names.map((name) => [`names/deep/${name}`, sha256(name)])),
  );
  expect(readFileSync(calls[0]!, 'utf8').trim().split('\n'), 'not one for each file').toEqual(['restore', 'restore']);
});

/** Notes in a file what it was asked to do. */
function countingRestic(calls: string[]): string {
  const program = join(world.folder, 'counting-restic');
  calls.push(`${program}.calls`);
  writeFileSync(program, `#!/bin/sh\necho "$1" >> ${program}.calls\nexec ${resticProgram} "$@"\n`, { mode: 0o755 });
  return program;
}

resticTest('a disk that lets nothing be written is tried again by the next who asks', async () => {
  const lab = await workspace('disk');
  await repositories.ensure(lab, signal);
  const folder = join(world.folder, 'other');
  const other = open(key, folder);
  rmSync(folder, { recursive: true });
  writeFileSync(folder, 'no folder can be made in a file');
  await expect(other.snapshots(lab, signal)).rejects.toMatchObject({ code: 'ENOTDIR' });
  rmSync(folder);
  expect(await other.snapshots(lab, signal)).toEqual([]);
});

resticTest('each way to fail has its own name', async () => {
  const absent = await workspace('absent');
  await expect(repositories.snapshots(absent, signal)).rejects.toMatchObject({ code: 'no_repository' });
  const other = await workspace('lab'); // with another password
  await expect(repositories.snapshots(other, signal)).rejects.toMatchObject({ code: 'wrong_password' });
  await expect(open(masterKey(Buffer.alloc(32, 2))).password(other)).rejects.toMatchObject({ code: 'wrong_password' });
  const stopped = new AbortController();
  stopped.abort(new Error('stopping'));
  await expect(repositories.snapshots(other, stopped.signal)).rejects.toThrow('stopping');
});

test('the master key is made once, for its owner alone, and never over a file that is there', async () => {
  const file = join(world.folder, 'keys', 'master.key');
  const sealed = (await readMasterKey(file)).seal('secret');
  expect((await readMasterKey(file)).open(sealed, 'lab')).toBe('secret');
  expect(sealed).not.toContain('secret');
  expect(existsSync(file)).toBe(true);
  writeFileSync(file, 'not a key');
  await expect(readMasterKey(file)).rejects.toMatchObject({ code: 'bad_setting' });
});

resticTest('files and directories are read as streams, and one that nobody reads on ends restic', async () => {
  const lab = await workspace('streams');
  await repositories.ensure(lab, signal);
  const work = join(world.folder, 'workspace');
  mkdirSync(join(work, 'deep'), { recursive: true });
  writeFileSync(join(work, 'deep/large.bin'), randomBytes(30_000_000));
  await machine(lab, 'backup', '--host', 'streams', '--quiet', 'workspace');
  const [{ id } = { id: '' }] = await repositories.snapshots(lab, signal);

  const hash = createHash('sha256');
  for await (const chunk of repositories.read(lab, id, { path: 'workspace/deep/large.bin', archive: false }, signal))
    hash.update(chunk);
  expect(hash.digest('hex')).toBe(
    createHash('sha256')
      .update(readFileSync(join(work, 'deep/large.bin')))
      .digest('hex'),
  );

  const tar = repositories.read(lab, id, { path: 'workspace/deep', archive: true }, signal);
  const listing = spawn('tar', ['-t'], { stdio: ['pipe', 'pipe', 'inherit'] });
  tar.pipe(listing.stdin);
  expect(await text(listing.stdout)).toContain('workspace/deep/large.bin');

  const left = repositories.read(lab, id, { path: 'workspace/deep/large.bin', archive: false }, signal);
  await once(left, 'readable');
  left.destroy();
  await vi.waitFor(() => expect(resticsIn(world.folder)).toEqual([]), { timeout: 10_000 });

  const none = repositories.read(lab, id, { path: 'workspace/none', archive: false }, signal);
  await expect(text(none)).rejects.toMatchObject({ code: 'restore_failed' });
});

resticTest('what is shared is one snapshot under another key: the old password opens nothing there', async () => {
  const [lab, theirs] = [await workspace('giver'), await workspace('receiver')];
  for (const one of [lab, theirs]) await repositories.ensure(one, signal);
  const work = join(world.folder, 'workspace');
  const save = async (name: string): Promise<string> => {
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work);
    writeFileSync(join(work, name), randomBytes(200_000));
    const said = await machine(lab, 'backup', '--json', '--host', 'giver', 'workspace');
    return JSON.parse(said.trim().split('\n').at(-1)!).snapshot_id;
  };
  const blobs = async (of: Workspace): Promise<readonly string[]> =>
    (await machine(of, 'list', 'blobs', '--no-lock')).trim().split('\n').toSorted();
  const shared = await save('shared');
  const before = await blobs(lab);
  const secret = await save('secret');
  expect((await blobs(lab)).length).toBeGreaterThan(before.length);

  const copied = await repositories.copyIn(theirs, lab, shared, signal);
  expect(await repositories.copyIn(theirs, lab, shared, signal), 'done again it does nothing').toBe(copied);
  const own = await repositories.rehost(theirs, copied, signal);
  expect(await repositories.snapshots(theirs, signal)).toMatchObject([{ id: own, host: 'receiver' }]);
  expect((await repositories.files(theirs, own, signal)).map(({ path }) => path)).toEqual(['workspace/shared']);
  expect(await blobs(theirs), 'no blob of any other snapshot').toEqual(before);
  expect(await repositories.check(theirs, { readData: '100%' }, signal)).toEqual([]);
  await expect(repositories.files(theirs, secret, signal)).rejects.toMatchObject({ code: 'restore_failed' });

  const intruder = { ...theirs, sealedPassword: lab.sealedPassword };
  await expect(repositories.snapshots(intruder, signal)).rejects.toMatchObject({ code: 'wrong_password' });
  const master = async (of: Workspace): Promise<string> => await machine(of, 'cat', 'masterkey', '--no-lock');
  expect(JSON.parse(await master(theirs)).encrypt).not.toBe(JSON.parse(await master(lab)).encrypt);
  expect(readdirSync(join(world.folder, 'control/scratch'))).toEqual([]);
});

/** restics that still work for this test. */
function resticsIn(folder: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const read = (name: string): string => readFileSync(`/proc/${pid}/${name}`, 'utf8');
      return /^\d+$/.test(pid) && read('cmdline').includes('\0dump\0') && read('environ').includes(folder);
    } catch {
      return false; // it ended
    }
  });
}
