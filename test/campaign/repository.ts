import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryUrl } from '../../engine/domain/layout.ts';
import { masterKey } from '../../engine/storage/master-key.ts';
import { LAB } from './people.ts';
import { Violation } from './violation.ts';
import { contentBelow } from './writer.ts';

/** The repository as anybody sees it who has its password and restic, without any of the product's own readers. */
export interface Repository {
  /** What a snapshot brings back into an empty folder. */
  restored(snapshot: string): Promise<ReturnType<typeof contentBelow>>;
  ids(): Promise<readonly string[]>;
  /** Reads every byte. */
  check(): Promise<string>;
}

interface Way {
  readonly restic: string;
  readonly endpoint: string;
  readonly bucket: string;
  readonly key: string;
  readonly home: string;
  readonly folder: string;
}

export function openRepository(way: Way): Repository {
  let password: string | null = null;
  const run = async (...args: string[]): Promise<string> => {
    password ??= passwordIn(way.home);
    const { stdout } = await promisify(execFile)(way.restic, ['--no-lock', '-o', 's3.bucket-lookup=path', ...args], {
      env: {
        RESTIC_REPOSITORY: repositoryUrl(way.endpoint, way.bucket, LAB),
        RESTIC_PASSWORD: password,
        RESTIC_CACHE_DIR: join(way.folder, 'cache'),
        AWS_ACCESS_KEY_ID: way.key,
        AWS_SECRET_ACCESS_KEY: way.key,
        AWS_DEFAULT_REGION: 'auto',
        HOME: way.folder,
        TMPDIR: way.folder,
      },
      maxBuffer: 1 << 28,
    });
    return stdout;
  };
  let restores = 0;
  return {
    async restored(snapshot) {
      const target = join(way.folder, `restored-${restores++}`);
      mkdirSync(target);
      try {
        await run('restore', `${snapshot}:/workspace`, '--target', target, '--quiet');
        return contentBelow(target);
      } finally {
        rmSync(target, { recursive: true, force: true });
      }
    },
    ids: async () => (JSON.parse(await run('snapshots', '--json')) as { id: string }[]).map(({ id }) => id),
    async check() {
      try {
        return (await run('check', '--read-data')).trim().split('\n').at(-1) ?? '';
      } catch (cause) {
        throw new Violation(
          'repository',
          `restic check --read-data: ${(cause as { stderr?: string }).stderr ?? cause}`,
        );
      }
    },
  };
}

/** Sealed, in whatever file of the engine's own state says it. */
function passwordIn(home: string): string {
  const key = masterKey(Buffer.from(readFileSync(join(home, 'master.key'), 'utf8').trim(), 'hex'));
  const state = readdirSync(join(home, 'state')).map((name) => readFileSync(join(home, 'state', name), 'utf8'));
  const sealed = /"sealedPassword":"([^"]+)"/.exec(state.join('\n'))?.[1] ?? '';
  return key.open(sealed, LAB);
}
