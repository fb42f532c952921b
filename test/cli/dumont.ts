import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export const BIN = join(import.meta.dirname, '..', '..', 'engine', 'cli', 'dumont.js');

export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Starts the command line as a real process that knows nothing but its home. */
export function start(
  home: string,
  argv: readonly string[],
  options: { readonly env?: Record<string, string>; readonly input?: string; readonly node?: string } = {},
) {
  const env = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: home,
    TZ: 'Europe/Lisbon',
    DUMONT_HOME: home,
    ...options.env,
  };
  const child: ChildProcess = spawn(options.node ?? process.execPath, [BIN, ...argv], { env, stdio: 'pipe' });
  let [out, err] = ['', ''];
  const seen = new Set<() => void>();
  child.stdout?.on('data', (chunk) => {
    out += chunk;
    for (const look of seen) look();
  });
  child.stderr?.on('data', (chunk) => {
    err += chunk;
    for (const look of seen) look();
  });
  child.stdin?.end(options.input ?? '');
  const ended = new Promise<Ran>((resolve) => child.on('close', (code) => resolve({ code, out, err })));
  return {
    ended,
    kill: (signal: NodeJS.Signals) => child.kill(signal),
    pid: child.pid,
    /** Resolves once it has printed this. */
    printed: (wanted: RegExp) =>
      new Promise<void>((resolve, reject) => {
        const look = () => {
          if (!wanted.test(out + err)) return;
          seen.delete(look);
          resolve();
        };
        seen.add(look);
        look();
        void ended.then(({ code }) =>
          reject(new Error(`it ended with ${code} before it printed ${wanted}:\n${out}${err}`)),
        );
      }),
  };
}

export function run(home: string, argv: readonly string[], options: Parameters<typeof start>[2] = {}): Promise<Ran> {
  return start(home, argv, options).ended;
}
