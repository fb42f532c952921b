import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { R2 } from '../../standins/r2/r2.ts';

/** What a program did, with everything that it started, and what that cost the storage. */
export interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Of the largest of its processes. */
  readonly memoryBytes: number;
  /** Of the stand-in for storage, which runs in this process. */
  readonly serverCpuSeconds: number;
  readonly requests: { readonly a: number; readonly b: number };
  readonly sentBytes: number;
  readonly fetchedBytes: number;
  /** When each of these was said, in seconds from the start. */
  readonly said: ReadonlyMap<string, number>;
}

export interface Program {
  readonly argv: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Where it runs. */
  readonly folder?: string;
  /** Said to it at once. */
  readonly input?: string;
  /** What it says on standard output, a line at a time; what is returned is said to it. Its time ends with `over`. */
  readonly hear?: (line: string) => { readonly event?: string; readonly say?: string; readonly over?: boolean } | null;
}

/** Its time is up to the word it waited for, or to its end; everything else is counted to the end of the last process. */
export async function measured(r2: R2, program: Program): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-measured-'));
  try {
    const result = join(folder, 'used');
    const said = new Map<string, number>();
    const serverBefore = process.cpuUsage();
    r2.counted();
    r2.moved();
    const began = performance.now();
    const since = (): number => (performance.now() - began) / 1_000;
    const child = spawn('python3', ['-c', COUNTING, result, ...program.argv], {
      cwd: program.folder,
      stdio: ['pipe', 'pipe', 'pipe'],
      // biome-ignore lint/style/noProcessEnv: the search path of whoever measures.
      env: { PATH: process.env.PATH ?? '', HOME: folder, ...program.environment },
    });
    let overAt: number | null = null;
    let words = '';
    child.stderr.on('data', (bytes: Buffer) => {
      words = `${words}${bytes}`.slice(-2_000);
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const heard = program.hear?.(line);
      if (heard?.event && !said.has(heard.event)) said.set(heard.event, since());
      if (heard?.say) child.stdin.write(`${heard.say}\n`);
      if (heard?.over) overAt ??= since();
      words = `${words}${line}\n`.slice(-2_000);
    });
    child.stdin.on('error', () => undefined);
    if (program.input) child.stdin.write(`${program.input}\n`);
    const [code] = (await once(child, 'close')) as [number | null];
    const seconds = overAt ?? since();
    if (code !== 0) throw new Error(`${program.argv.slice(0, 3).join(' ')} ended with ${code}: ${words}`);
    const [cpuSeconds, memoryKb] = readFileSync(result, 'utf8').split(' ').map(Number);
    const { user, system } = process.cpuUsage(serverBefore);
    const { a, b } = r2.counted();
    const { received, sent } = r2.moved();
    return {
      seconds,
      cpuSeconds: cpuSeconds!,
      memoryBytes: memoryKb! * 1024,
      serverCpuSeconds: (user + system) / 1e6,
      requests: { a, b },
      sentBytes: received,
      fetchedBytes: sent,
      said,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whatever it started and left behind becomes this one's child, and is waited for: so nothing is missed. */
const COUNTING = `
import ctypes, os, resource, subprocess, sys
PR_SET_CHILD_SUBREAPER = 36
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
child = subprocess.Popen(sys.argv[2:])
code = 1
while True:
    try:
        pid, status = os.wait()
    except ChildProcessError:
        break
    if pid == child.pid:
        code = os.waitstatus_to_exitcode(status)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], 'w') as result:
    result.write(f'{used.ru_utime + used.ru_stime} {used.ru_maxrss}')
sys.exit(code if code >= 0 else 1)
`;
