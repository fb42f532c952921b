import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../../domain/failures.ts';
import type { SshJson } from '../../http/json/instance.ts';
import type { EngineClient } from '../engine-client.ts';
import { SEARCH_PATH } from '../home.ts';
import { pinHostKey } from '../host-key.ts';
import { sshArgv } from '../ssh-way.ts';
import type { Entry } from './list-files.ts';
import { TOUR_HOME } from './own-engine.ts';

/** The machine of a workspace, by the system's own ssh. */
export interface OnMachine {
  run(command: string, input: Readable | string): Promise<string>;
}

export async function onMachine(engine: EngineClient, workspace: string, signal: AbortSignal): Promise<OnMachine> {
  const target = await engine.get<SshJson>(`/api/v1/instances/${workspace}/ssh`, {}, signal);
  const knownHosts = join(TOUR_HOME, 'known_hosts');
  await pinHostKey(target, knownHosts, signal);
  // The first word on an option stands; what the person's own engine knows of hosts is left alone.
  const options = ['-o', `UserKnownHostsFile="${knownHosts.replaceAll('%', '%%')}"`, '-o', 'BatchMode=yes'];
  return {
    run: async (command, input) => await take('ssh', [...options, ...sshArgv(target), command], input, signal),
  };
}

/** Puts a folder's files below `root` of the machine, with their modes and times. */
export async function sendFiles(machine: OnMachine, folder: string, root: string, signal: AbortSignal): Promise<void> {
  const child = spawn('tar', ['--create', '--format=pax', '--file=-', '-C', folder, '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // macOS would add a file of its own beside each.
    env: { PATH: SEARCH_PATH, COPYFILE_DISABLE: '1', LC_ALL: 'C.UTF-8' },
    signal,
  });
  const exit = once(child, 'exit');
  exit.catch(() => undefined);
  await machine.run(`tar --extract --preserve-permissions --no-same-owner --file=- -C ${root}`, child.stdout);
  const [code] = await exit;
  if (code !== 0) throw new Failure('command_failed', { command: 'tar', code, why: 'the files could not be packed' });
}

/** Reads every file below `root` there, with the very program that reads the originals here. */
export async function listThere(machine: OnMachine, root: string): Promise<readonly Entry[]> {
  const program = await readFile(join(import.meta.dirname, 'list-files.ts'), 'utf8');
  const last = 'for await (const entry of listFiles(process.argv.at(-1)!)) console.log(JSON.stringify(entry));';
  const node = '/opt/dumont/node --no-warnings --input-type=module-typescript';
  const lines = await machine.run(`${node} - ${root}`, `${program}\n${last}\n`);
  return lines
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Entry);
}

async function take(
  program: string,
  argv: readonly string[],
  input: Readable | string,
  signal: AbortSignal,
): Promise<string> {
  const child = spawn(program, argv, { stdio: 'pipe', signal });
  const failed = once(child, 'error').then(([cause]) => Promise.reject(cause));
  failed.catch(() => undefined);
  const exit = once(child, 'close');
  exit.catch(() => undefined);
  if (typeof input === 'string') child.stdin.on('error', () => undefined).end(input);
  else pipeline(input, child.stdin).catch(() => undefined); // how it ended says more
  try {
    const [out, err, [code]] = await Promise.race([
      Promise.all([text(child.stdout), text(child.stderr), exit]),
      failed,
    ]);
    if (code === 0) return out;
    throw new Failure('command_failed', { command: program, code, why: err.trim() || 'it said nothing' });
  } catch (cause) {
    signal.throwIfAborted();
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new Failure('bad_setting', { why: `  The program "${program}" is not installed.` }, { cause });
  }
}
