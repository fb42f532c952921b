import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RepositoryAccess } from '../domain/agent-shapes.ts';
import { writeWhole } from '../files/whole-file.ts';

export type Environment = Readonly<Record<string, string>>;

/** What a restic process needs to open a repository. Nothing secret is in it: it only names files. */
export interface Access extends AsyncDisposable {
  readonly environment: Environment;
  /** Fresh credentials for a restic that is running: it reads them again before the old ones end. */
  renew(credentials: RepositoryAccess['credentials']): Promise<void>;
}

/**
 * Writes password and credentials to files that only their owner reads, in a new folder that goes when the access is closed.
 * restic 0.19's S3 client takes credentials from the file that AWS_SHARED_CREDENTIALS_FILE names, newer ones from
 * AWS_CONFIG_FILE too; both name the same file, whose `credential_process` prints what is valid now. The client splits
 * that command at blanks, so where the folder's name has one, the credentials themselves stand in the file.
 */
export async function openAccess(
  repository: RepositoryAccess,
  folders: { readonly secrets: string; readonly cache: string; readonly temporary: string },
  /** What is copied from, with the same credentials. */
  from: Pick<RepositoryAccess, 'url' | 'password'> | null = null,
): Promise<Access> {
  const folder = folders.secrets;
  await mkdir(folder, { mode: 0o700 });
  const file = (name: string): string => join(folder, name);
  const writeCredentials = async (credentials: RepositoryAccess['credentials']): Promise<void> => {
    writeWhole(file('credentials.json'), processOutput(credentials));
    writeWhole(file('aws'), /\s/.test(folder) ? profileOf(credentials) : profileThatReads(file('credentials.json')));
  };
  try {
    writeWhole(file('password'), repository.password);
    if (from) writeWhole(file('from-password'), from.password);
    await writeCredentials(repository.credentials);
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    throw cause;
  }
  return {
    environment: {
      RESTIC_REPOSITORY: repository.url,
      RESTIC_PASSWORD_FILE: file('password'),
      ...(from && { RESTIC_FROM_REPOSITORY: from.url, RESTIC_FROM_PASSWORD_FILE: file('from-password') }),
      RESTIC_CACHE_DIR: folders.cache,
      RESTIC_PROGRESS_FPS: '1',
      AWS_SHARED_CREDENTIALS_FILE: file('aws'),
      AWS_CONFIG_FILE: file('aws'),
      AWS_PROFILE: 'default',
      // Packs are built here: pack size times connections.
      TMPDIR: folders.temporary,
      HOME: folders.cache,
      TZ: 'UTC',
    },
    renew: writeCredentials,
    async [Symbol.asyncDispose]() {
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function processOutput(credentials: RepositoryAccess['credentials']): string {
  return JSON.stringify({
    Version: 1,
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    SessionToken: credentials.sessionToken,
    Expiration: new Date(credentials.expiresAt).toISOString(),
  });
}

const profileThatReads = (file: string): string => `[default]\ncredential_process = /bin/cat ${file}\n`;

function profileOf(credentials: RepositoryAccess['credentials']): string {
  return `[default]
aws_access_key_id = ${credentials.accessKeyId}
aws_secret_access_key = ${credentials.secretAccessKey}
aws_session_token = ${credentials.sessionToken}
`;
}
