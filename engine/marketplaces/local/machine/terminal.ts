import { readlinkSync } from 'node:fs';
import type { Chamber, Inside } from './chamber.ts';
import { childrenOf } from './children.ts';
import { locate } from './locate.ts';

export interface TerminalSize {
  readonly rows: number;
  readonly cols: number;
}

/** A program that can give another one a terminal; null when this computer has none. */
export type Terminal = (line: string) => readonly string[];

export function terminalHere(searchPath: string): Terminal | null {
  // util-linux's `script`; the one of BSD, and so of macOS, wants to be started from a terminal itself.
  if (process.platform === 'linux' && locate('script', searchPath)) {
    return (line) => ['script', '--quiet', '--flush', '--return', '--command', line, '/dev/null'];
  }
  if (locate('python3', searchPath)) return (line) => ['python3', '-c', PTY_IN_PYTHON, '/bin/sh', '-c', line];
  return null;
}

const PTY_IN_PYTHON = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

/** Sets the size before the program starts, so that it never sees another. */
export function sized(line: string, { rows, cols }: TerminalSize): string {
  return `stty rows ${rows} cols ${cols} 2>/dev/null; ${line}`;
}

/** Tells the terminal of a running program its new size; the kernel tells the program. */
export function resize(
  chamber: Chamber,
  inside: Inside,
  size: TerminalSize,
  environment: Readonly<Record<string, string>>,
): void {
  const leader = inside.pid();
  const [program] = leader === null ? [] : childrenOf(leader);
  if (program === undefined) return;
  const flag = process.platform === 'darwin' ? '-f' : '-F';
  try {
    const path = readlinkSync(`/proc/${program}/fd/0`);
    const { child } = chamber.run(
      ['stty', flag, path, 'rows', String(size.rows), 'cols', String(size.cols)],
      environment,
    );
    child.on('error', () => undefined);
  } catch {
    // It ended in the meantime, or this system has no /proc.
  }
}
