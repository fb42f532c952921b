import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Credentials } from '../../engine/domain/ports.ts';
import { clientOf, emptyBelow, keysBelow, type S3Place } from './storage-client.ts';

type Keys = Pick<Credentials, 'accessKeyId' | 'secretAccessKey'> & { readonly sessionToken?: string };

export interface ResticPlace extends S3Place {
  /** Credentials for one prefix; the place's own keys where a server has no temporary ones. */
  readonly issue: (prefix: string, access: 'read' | 'write') => Promise<Keys>;
  readonly scoped: boolean;
}

/** The restic to test with: the one that is named, or the first on the path. */
export function findRestic(): string | null {
  // biome-ignore lint/style/noProcessEnv: only tests look for a restic of the person who runs them
  const { DUMONT_RESTIC, PATH = '' } = process.env;
  const candidates = DUMONT_RESTIC ? [DUMONT_RESTIC] : PATH.split(delimiter).map((folder) => join(folder, 'restic'));
  return candidates.find((file) => existsSync(file)) ?? null;
}

const CONNECTIONS = 32;
const LIMIT_MS = 60_000;

/** The real restic, unchanged, from init to prune, with keys that reach one prefix only. */
export function resticContract(restic: string, open: () => Promise<ResticPlace>): void {
  describe('restic', () => {
    let place: ResticPlace;
    let folder: string;
    const url = (workspace: string) => `s3:${place.endpoint}/${place.bucket}/${place.prefix}${workspace}/repo`;

    const run = async (keys: Keys, workspace: string, ...args: string[]) => {
      const options = [`s3.region=${place.region}`, 's3.bucket-lookup=path', `s3.connections=${CONNECTIONS}`];
      const env = {
        AWS_ACCESS_KEY_ID: keys.accessKeyId,
        AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
        ...(keys.sessionToken ? { AWS_SESSION_TOKEN: keys.sessionToken } : {}),
        RESTIC_PASSWORD: 'a password',
        RESTIC_REPOSITORY: url(workspace),
        RESTIC_CACHE_DIR: join(folder, 'cache'),
        HOME: folder,
        TMPDIR: folder,
      };
      const argv = [...options.flatMap((option) => ['-o', option]), ...args];
      const limits = { env, timeout: LIMIT_MS, maxBuffer: 64 * 1024 * 1024 };
      return promisify(execFile)(restic, argv, limits).then(
        ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
        ({ code, stdout, stderr }) => ({ code: code as number, stdout: String(stdout), stderr: String(stderr) }),
      );
    };
    const restored = async (keys: Keys, snapshot: string, name: string) => {
      const target = join(folder, name);
      const ended = await run(
        keys,
        'lab',
        '--no-lock',
        'restore',
        `${snapshot}:${join(folder, 'work')}`,
        '--target',
        target,
      );
      expect(ended).toMatchObject({ code: 0 });
      return digestsBelow(target);
    };

    beforeAll(async () => {
      place = await open();
      folder = await mkdtemp(join(tmpdir(), 'dumont-restic-'));
      await mkdir(join(folder, 'work', 'small'), { recursive: true });
      for (let i = 0; i < 200; i += 1) await writeFile(join(folder, 'work', 'small', `${i}.txt`), `${i}`.repeat(i * 7));
      for (let i = 0; i < 3; i += 1) await writeFile(join(folder, 'work', `weights-${i}`), randomBytes(14_000_000));
    });

    afterAll(async () => {
      const client = clientOf(place);
      await emptyBelow(client, place.bucket, place.prefix);
      client.destroy();
      await rm(folder, { recursive: true, force: true });
    });

    test('saves, restores, forgets and checks, each with no more than the keys it needs', {
      timeout: LIMIT_MS,
    }, async () => {
      const writer = await place.issue(`${place.prefix}lab/repo/`, 'write');
      const reader = await place.issue(`${place.prefix}lab/repo/`, 'read');
      expect(await run(writer, 'lab', 'init')).toMatchObject({ code: 0 });

      const before = await digestsBelow(join(folder, 'work'));
      const first = snapshotOf(await run(writer, 'lab', 'backup', '--json', join(folder, 'work')));
      expect(await restored(reader, first, 'first')).toEqual(before);

      await writeFile(join(folder, 'work', 'weights-1'), randomBytes(9_000_000));
      await rm(join(folder, 'work', 'small', '7.txt'));
      const after = await digestsBelow(join(folder, 'work'));
      const second = snapshotOf(await run(writer, 'lab', 'backup', '--json', join(folder, 'work')));
      expect(await run(writer, 'lab', 'forget', '--keep-last', '1', '--prune')).toMatchObject({ code: 0 });
      expect(await run(writer, 'lab', 'check', '--read-data')).toMatchObject({ code: 0 });
      expect(await restored(reader, second, 'second')).toEqual(after);

      const client = clientOf(place);
      expect(await keysBelow(client, place.bucket, `${place.prefix}lab/repo/locks/`)).toEqual([]);
      client.destroy();
    });

    test('is refused at once, not after minutes, where its keys do not reach', { timeout: LIMIT_MS }, async ({
      skip,
    }) => {
      if (!place.scoped) skip('this server has no temporary credentials');
      const reader = await place.issue(`${place.prefix}lab/repo/`, 'read');
      const stranger = await place.issue(`${place.prefix}other/repo/`, 'write');
      const began = performance.now();
      expect((await run(stranger, 'lab', 'cat', 'config')).code).not.toBe(0);
      expect((await run(reader, 'lab', 'backup', join(folder, 'work', 'small'))).code).not.toBe(0);
      expect(performance.now() - began).toBeLessThan(LIMIT_MS / 2);
    });
  });
}

function snapshotOf({ code, stdout }: { code: number; stdout: string }): string {
  expect(code).toBe(0);
  const summary = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as { snapshot_id: string };
  return summary.snapshot_id;
}

async function digestsBelow(folder: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    digests[file.slice(folder.length)] = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  }
  return digests;
}
