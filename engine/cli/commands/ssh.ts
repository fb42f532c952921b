import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../domain/failures.ts';
import type { SshJson } from '../../http/json/instance.ts';
import { command, flag, WORKSPACE } from '../command.ts';
import { HOME } from '../home.ts';
import { pinHostKey } from '../host-key.ts';

export const ssh = command({
  name: 'ssh',
  takes: [WORKSPACE],
  rest: 'COMMAND',
  options: {
    tty: flag('Give the command a terminal, for what draws on it'),
    print: flag('Only print the ssh command that would be run'),
  },
  examples: [
    ['dumont ssh lab', 'a shell'],
    ['dumont ssh lab -- nvidia-smi -L', 'run a command; its exit code is the exit code'],
    ['dumont ssh lab --tty -- htop', ''],
  ],
  async run({ words: [name = ''], rest, options, engine, screen, signal }) {
    const target = await engine.get<SshJson>(`/api/v1/instances/${encodeURIComponent(name)}/ssh`, {}, signal);
    if (screen.json) screen.printJson(target);
    if (screen.json) return 0;
    const knownHosts = join(HOME, 'known_hosts');
    await pinHostKey(target, knownHosts, signal);
    const argv = [...(options.tty ? ['-t'] : []), ...sshArgv(target, knownHosts), ...rest];
    if (options.print) screen.print(['ssh', ...argv].map(quote).join(' '));
    return options.print ? 0 : await runSsh(argv);
  },
});

/** Everything about the machine is said here, so that a line in somebody's own ssh configuration cannot loosen it. */
function sshArgv(target: SshJson, knownHosts: string): string[] {
  const options = {
    HostKeyAlias: target.machine_id,
    UserKnownHostsFile: pathIn(knownHosts),
    GlobalKnownHostsFile: '/dev/null',
    StrictHostKeyChecking: 'yes',
    CheckHostIP: 'no',
    UpdateHostKeys: 'no',
    VerifyHostKeyDNS: 'no',
    ...(target.identity_file && { IdentityFile: pathIn(target.identity_file), IdentitiesOnly: 'yes' }),
  };
  const flags = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return [...flags, '-p', String(target.address.port), '-l', target.user, '--', target.address.host];
}

/** A path in ssh's own way of writing, where blanks divide and percent signs mean something. */
function pathIn(path: string): string {
  return `"${path.replaceAll('%', '%%')}"`;
}

/** The person talks to ssh itself, terminal and all; its end is our end. */
async function runSsh(argv: readonly string[]): Promise<number> {
  const child = spawn('ssh', argv, { stdio: 'inherit' });
  // Ctrl-C reaches ssh as well, and ssh decides; what only we are told is passed on.
  const pass = (name: NodeJS.Signals) => void child.kill(name);
  process.on('SIGTERM', pass);
  process.on('SIGHUP', pass);
  try {
    const [code, killedBy] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + (killedBy ? constants.signals[killedBy] : 0);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new Failure('bad_setting', { why: 'The program "ssh" is not installed.' }, { cause });
  } finally {
    process.off('SIGTERM', pass);
    process.off('SIGHUP', pass);
  }
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
