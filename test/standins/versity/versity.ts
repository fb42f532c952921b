import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { isProgram } from '../../restic/which-restic.ts';
import { temporaryFolder } from '../../store/temporary-folder.ts';

const run = promisify(execFile);
const ROOT = { accessKeyId: 'root', secretAccessKey: 'the secret of root' } as const;
const USER = { accessKeyId: 'machine', secretAccessKey: 'the secret of the machine' } as const;

/** An S3 server that others wrote: `go install github.com/versity/versitygw/cmd/versitygw@latest` (three minutes). */
export const versityProgram: string | null = find();

function find(): string | null {
  // biome-ignore lint/style/noProcessEnv: where the tools of whoever runs the tests are
  const folders = [...(process.env.PATH ?? '').split(delimiter), join(homedir(), 'go', 'bin')];
  return folders.map((folder) => join(folder, 'versitygw')).find(isProgram) ?? null;
}

/** Runs on loopback until its scope ends, with a user who may do nothing yet. */
export async function startVersity(program: string) {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(await temporaryFolder()).path;
  for (const name of ['data', 'users']) mkdirSync(join(folder, name));
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const keys = { ROOT_ACCESS_KEY_ID: ROOT.accessKeyId, ROOT_SECRET_ACCESS_KEY: ROOT.secretAccessKey };
  const words = ['--port', new URL(endpoint).host, '--region', REGION, '--iam-dir', join(folder, 'users'), '--quiet'];
  const server = spawn(program, [...words, 'posix', join(folder, 'data')], { env: keys, stdio: 'ignore' });
  opening.defer(async () => {
    const over = server.exitCode === null ? once(server, 'exit') : null;
    server.kill();
    await over;
  });
  for (let tries = 0; !(await answers(endpoint)); tries++) {
    if (tries > 100 || server.exitCode !== null) throw new Error(`${program} does not answer`);
    await sleep(50);
  }
  const admin = { ADMIN_ACCESS_KEY_ID: ROOT.accessKeyId, ADMIN_SECRET_ACCESS_KEY: ROOT.secretAccessKey };
  const user = ['--access', USER.accessKeyId, '--secret', USER.secretAccessKey, '--role', 'user'];
  await run(program, ['admin', '--endpoint-url', endpoint, '--region', REGION, 'create-user', ...user], { env: admin });
  const opened = opening.move();
  return {
    place: { endpoint, region: REGION, ...ROOT },
    user: USER,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const REGION = 'us-east-1';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  return port;
}

async function answers(endpoint: string): Promise<boolean> {
  return await fetch(endpoint).then(
    () => true,
    () => false,
  );
}
