import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A program with sockets, and how it was called. */
export interface Owner {
  readonly pid: number;
  readonly command: string;
}

/**
 * How many connections from outside these programs are open to them. What they opened themselves, say to fetch an update, and
 * what they use among themselves, is not counted.
 */
export function connectionsTo(owners: readonly Owner[]): number {
  const sockets = new Set(owners.flatMap(({ pid }) => socketsOf(pid)));
  if (sockets.size === 0) return 0;
  const tcp = [...tcpRows('/proc/net/tcp'), ...tcpRows('/proc/net/tcp6')].filter((row) => sockets.has(row.inode));
  const listening = new Set(tcp.filter((row) => row.state === LISTEN).map((row) => portOf(row.local)));
  const established = tcp.filter((row) => row.state === ESTABLISHED);
  const own = new Set(established.map((row) => row.local));
  const from = established.filter((row) => listening.has(portOf(row.local)) && !own.has(row.remote));
  return from.length + unixConnections(sockets, owners);
}

function socketsOf(pid: number): readonly string[] {
  try {
    const links = readdirSync(`/proc/${pid}/fd`).map((file) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${file}`);
      } catch {
        return ''; // it was closed meanwhile
      }
    });
    return links.filter((link) => link.startsWith('socket:[')).map((link) => link.slice(8, -1));
  } catch {
    return [];
  }
}

interface TcpRow {
  readonly local: string;
  readonly remote: string;
  readonly state: string;
  readonly inode: string;
}

function tcpRows(file: string): readonly TcpRow[] {
  const rows = linesOf(file).map((line) => line.trim().split(/\s+/));
  return rows.map((fields) => ({
    local: fields[1] ?? '',
    remote: fields[2] ?? '',
    state: fields[3] ?? '',
    inode: fields[9] ?? '',
  }));
}

/** The server's end of a connection carries the path that it listens at. That path must be one it was told to listen at. */
function unixConnections(sockets: ReadonlySet<string>, owners: readonly Owner[]): number {
  return linesOf('/proc/net/unix').filter((line) => {
    const [, , , , , state, inode = '', path = ''] = line.trim().split(/\s+/);
    if (state !== UNIX_CONNECTED || path === '' || !sockets.has(inode)) return false;
    return path.includes('/zed/server_state/') || owners.some(({ command }) => command.includes(path));
  }).length;
}

function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, 'latin1').split('\n').slice(1).filter(Boolean);
  } catch {
    return []; // no IPv6, say
  }
}

const portOf = (address: string): string => address.slice(address.lastIndexOf(':') + 1);

const ESTABLISHED = '01';
const LISTEN = '0A';
const UNIX_CONNECTED = '03';
