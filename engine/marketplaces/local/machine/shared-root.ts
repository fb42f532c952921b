import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Chamber, Inside } from './chamber.ts';
import { childrenOf, signalGroup } from './children.ts';
import type { MachineFiles, MachineSpec } from './spec.ts';

/** A machine where this computer allows no root of its own: its programs run in the open and only HOME is its own. */
export function openSharedRoot(files: MachineFiles, spec: MachineSpec): Chamber {
  const running = new Map<Inside, Promise<unknown>>();
  const ended = Promise.withResolvers<void>();
  return {
    root: files.root,
    prefix: files.root,
    init: null,
    ended: ended.promise,
    run(argv, environment) {
      const [program = '', ...args] = argv.map((word) => withPrefix(word, files.root));
      const env = {
        ...environment,
        PATH: `${join(files.root, 'usr/bin')}:${environment.PATH ?? spec.searchPath}`,
        TMPDIR: join(files.root, 'tmp'),
        [OWN_ROOT]: files.root,
      };
      const child = spawn(program, args, { env, cwd: join(files.root, 'root'), detached: true });
      const pid = (): number | null =>
        child.exitCode === null && child.signalCode === null ? (child.pid ?? null) : null;
      const inside: Inside = { child, pid, signal: (name) => signalGroup(pid(), name) };
      const exit = once(child, 'exit').catch(() => undefined);
      running.set(inside, exit);
      void exit.then(() => running.delete(inside));
      return inside;
    },
    async close() {
      const exits = [...running.values()];
      for (const pid of everyProcess([...running.keys()], files.root)) signalGroup(pid, 'SIGKILL');
      await Promise.all(exits);
      ended.resolve();
    },
  };
}

/** Tells every program where its machine lies; programs that left their session are found again by it. */
const OWN_ROOT = 'DUMONT_LOCAL_ROOT';

/** Paths that belong to a machine are moved below its folder, so that a command never touches those of the computer. */
export function withPrefix(text: string, root: string): string {
  return text.replace(/(?<![\w./-])\/(?:root|workspace|data|opt\/dumont)(?![\w-])/g, (path) => `${root}${path}`);
}

function everyProcess(running: readonly Inside[], root: string): ReadonlySet<number> {
  const found = new Set<number>(markedProcesses(root));
  const add = (pid: number): void => {
    found.add(pid);
    childrenOf(pid).forEach(add);
  };
  for (const inside of running) {
    const pid = inside.pid();
    if (pid !== null) add(pid);
  }
  return found;
}

/** What a machine's programs left running, should the process that started them have been killed. */
export function endLeftBehind(root: string): void {
  for (const pid of markedProcesses(root)) signalGroup(pid, 'SIGKILL');
}

function markedProcesses(root: string): readonly number[] {
  try {
    const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    return pids.filter((pid) => environmentOf(pid).includes(`${OWN_ROOT}=${root}`)).map(Number);
  } catch {
    return []; // no /proc on this system
  }
}

function environmentOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
