import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { Failure, isFailure } from '../../domain/failures.ts';
import type { InstanceJson, SshJson } from '../../http/json/instance.ts';
import { command, flag, WORKSPACE } from '../command.ts';
import { connectStdio } from '../raw-connection.ts';
import { wrong } from '../read-args.ts';
import { aliasOf, hostBlock, quote, sshArgv, wayTo } from '../ssh-way.ts';

export const ssh = command({
  name: 'ssh',
  takes: [WORKSPACE],
  rest: 'COMMAND',
  options: {
    tty: flag('Give the command a terminal, for what draws on it'),
    print: flag('Only print the ssh command that would be run'),
    config: flag('Print lines for ~/.ssh/config, so that plain "ssh NAME" and editors reach it, wake after wake'),
    stdio: flag('Be the raw connection, for the ProxyCommand of an ssh'),
  },
  examples: [
    ['dumont ssh lab', 'a shell'],
    ['dumont ssh lab -- nvidia-smi -L', 'run a command; its exit code is the exit code'],
    ['dumont ssh lab --tty -- htop', ''],
    ['dumont ssh lab --config >> ~/.ssh/config', 'then "ssh lab", scp, rsync and VS Code know it'],
  ],
  async run({ words: [name = ''], rest, options, engine, screen, signal }) {
    const { tty, print, config, stdio } = options;
    if ((config || stdio) && (config === stdio || print || tty || rest.length > 0)) {
      throw wrong(ssh, `takes nothing else with --${config ? 'config' : 'stdio'}`);
    }
    const path = `/api/v1/instances/${encodeURIComponent(name)}`;
    if (config) {
      const { id } = await engine.get<InstanceJson>(path, {}, signal); // a name nobody knows is an error here, not in ssh
      screen.print(...hostBlock(id, await identityFile()));
      return 0;
    }
    if (stdio) return await connectStdio(await wayTo(engine, name, signal, aliasOf(name)), signal);
    if (screen.json) {
      screen.printJson(await engine.get<SshJson>(`${path}/ssh`, {}, signal));
      return 0;
    }
    const argv = [...(tty ? ['-t'] : []), ...sshArgv(await wayTo(engine, name, signal)), ...rest];
    if (print) screen.print(['ssh', ...argv].map(quote).join(' '));
    return print ? 0 : await runSsh(argv);

    async function identityFile(): Promise<string | null> {
      try {
        return (await engine.get<SshJson>(`${path}/ssh`, {}, signal)).identity_file;
      } catch (thrown) {
        if (isFailure(thrown, 'no_such_machine')) return null; // it sleeps
        throw thrown;
      }
    }
  },
});

/** The person talks to ssh itself, terminal and all; its end is our end. */
async function runSsh(argv: readonly string[]): Promise<number> {
  const child = spawn('ssh', argv, { stdio: 'inherit' });
  // Ctrl-C reaches ssh as well, and ssh decides; what only we are told is passed on.
  const pass = (name: NodeJS.Signals) => {
    if (child.pid !== undefined) child.kill(name); // one that never began: Node would signal our own process group
  };
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
