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
  const path = terminalOf(programOn(inside));
  if (path === null) return;
  const flag = process.platform === 'darwin' ? '-f' : '-F';
  const { child } = chamber.run(['stty', flag, path, 'rows', `${size.rows}`, 'cols', `${size.cols}`], environment);
  child.on('error', () => undefined);
}

/** The program that has the terminal, as a child of the one that made it. */
export function programOn(inside: Inside): number | null {
  const maker = inside.pid();
  return maker === null ? null : (childrenOf(maker)[0] ?? null);
}

function terminalOf(pid: number | null): string | null {
  try {
    return pid === null ? null : readlinkSync(`/proc/${pid}/fd/0`);
  } catch {
    return null; // it ended in the meantime, or this system has no /proc
  }
}

/** The kernel tells a session that its terminal is gone as soon as nobody holds the other end of it. */
export function hangUp(inside: Inside): void {
  inside.signal('SIGKILL');
}
