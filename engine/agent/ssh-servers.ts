import { type ProcessRow, readProc } from './process-table.ts';

/** Since OpenSSH 9.8 each connection has a program of its own, and since 10 so has finding out who it is. */
export const SSH_SERVERS: ReadonlySet<string> = new Set(['sshd', 'sshd-session', 'sshd-auth', 'dropbear']);

/**
 * The SSH servers themselves, which the engine needs to come back through, and their connections on which nobody is logged
 * in yet: whoever scans ports must not hold up a last save, and can write nothing. `titleOf` is the command line.
 */
export function silentSshServers(
  rows: readonly ProcessRow[],
  titleOf: (pid: number) => string | null = commandLine,
): ReadonlySet<number> {
  const servers = new Map(rows.filter((row) => SSH_SERVERS.has(row.name)).map((row) => [row.pid, row]));
  const living = rows.filter((row) => row.state !== 'Z' && row.state !== 'X');
  const below = Map.groupBy(living, (row) => row.parent);
  const nobodyCameIn = (row: ProcessRow): boolean => {
    if (!servers.has(row.pid)) return false;
    const children = below.get(row.pid) ?? [];
    // dropbear gives no titles, and everything that somebody does there is another program below it.
    const before = row.name === 'dropbear' || BEFORE_LOGIN.test(titleOf(row.pid) ?? '');
    return before && children.every(nobodyCameIn);
  };
  const silent = [...servers.values()].filter((row) => !servers.has(row.parent) || nobodyCameIn(row));
  return new Set(silent.map((row) => row.pid));
}

/**
 * `sshd: [accepted]`, `sshd: ana [net]`, and the moment before it has such a title. From the login on it is `sshd: ana`, and
 * then `sshd: ana@pts/0`; one that only watches over another process stays `sshd: ana [priv]` and has that one below it.
 */
const BEFORE_LOGIN = /^sshd(-session|-auth)?: .*\]\s*$|^\S*\/sshd(-session|-auth)? (.* )?-R\s*$/;

function commandLine(pid: number): string | null {
  try {
    return readProc(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
  } catch {
    return null;
  }
}
