import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { identify, type ProcessId } from '../process-id.ts';
import type { Chamber, Inside } from './chamber.ts';
import { childrenOf, signalGroup } from './children.ts';
import { sharedFolders } from './furnish.ts';
import { locate } from './locate.ts';
import { CAPABILITIES, ownRootScript } from './own-root.ts';
import type { MachineFiles, MachineSpec } from './spec.ts';

/** A machine with its own root, mounts, processes and host name. Needs util-linux and the right to make namespaces. */
export async function openNamespaces(
  files: MachineFiles,
  spec: MachineSpec,
  lead: () => readonly string[],
): Promise<Chamber> {
  const tool = (name: string): string => locate(name, spec.searchPath) ?? name;
  const [unshare, nsenter, setpriv, setsid, sh] = ['unshare', 'nsenter', 'setpriv', 'setsid', 'sh'].map(tool);
  const asUser = spec.isolation === 'user-namespaces';

  writeFileSync(files.rootScript, ownRootScript(files, spec.instance, sharedFolders(files.root)));
  const kinds = ['--mount', '--pid', '--ipc', '--uts', '--fork', '--kill-child'];
  const keeper = spawn(unshare!, [...(asUser ? ['--map-root-user'] : []), ...kinds, sh!, files.rootScript], {
    env: { PATH: spec.searchPath },
  });
  keeper.stdin.on('error', () => undefined);
  const over = once(keeper, 'exit').catch(() => undefined);
  const init = await readyInit(keeper);

  const running = new Set<Promise<unknown>>();
  const ended = over.then(async () => void (await Promise.all(running)));
  const enter = ['--target', String(init.pid), '--mount', '--pid', '--ipc', '--uts', '--no-fork'];
  if (asUser) enter.push('--user', '--preserve-credentials');
  return {
    root: `/proc/${init.pid}/root`,
    prefix: '',
    init,
    ended,
    run(argv, env) {
      const inside = [sh!, '-c', WAIT_FOR, 'sh', setpriv!, ...CAPABILITIES, setsid!, ...argv];
      const [program = '', ...args] = [...lead(), nsenter!, ...enter, ...inside];
      const child = spawn(program, args, { env });
      const exit = once(child, 'exit').catch(() => undefined);
      running.add(exit);
      void exit.then(() => running.delete(exit));
      return insideOf(child);
    },
    async close() {
      keeper.stdin.end(); // the first process reads this to its end and leaves; the kernel ends all others with it
      const stuck = setTimeout(() => keeper.kill('SIGKILL'), STUCK_MS); // takes the first process along
      await ended;
      clearTimeout(stuck);
    },
  };
}

const STUCK_MS = 1_000;

/**
 * Entering a process namespace takes effect for children only. This one waits outside for the program it starts, so that
 * it is neither seen inside nor stopped together with the programs there.
 */
const WAIT_FOR = 'cd "$HOME" 2>/dev/null || cd /; unset OLDPWD; "$@"; exit $?';

async function readyInit(keeper: ChildProcessWithoutNullStreams): Promise<ProcessId> {
  let said = '';
  let complaint = '';
  keeper.stderr.on('data', (chunk) => {
    complaint += chunk;
  });
  const ready = new Promise<number>((resolve, reject) => {
    keeper.on('error', reject);
    keeper.on('close', () => reject(new Error(complaint.trim() || 'unshare ended at once')));
    keeper.stdout.on('data', (chunk) => {
      said += chunk;
      const match = /^ready (\d+)$/m.exec(said);
      if (match) resolve(Number(match[1]));
    });
  });
  const init = identify(await ready);
  if (!init) throw new Error('the first process of the machine ended at once');
  return init;
}

function insideOf(child: ChildProcessWithoutNullStreams): Inside {
  const pid = (): number | null => (child.pid === undefined ? null : (childrenOf(child.pid)[0] ?? null));
  return { child, pid, signal: (name) => signalGroup(pid(), name) };
}
