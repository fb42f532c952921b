import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { Place } from '../place.ts';
import type { Census } from './census.ts';

/** A notebook server, as it wrote itself down. */
export interface JupyterServer {
  readonly pid: number;
  readonly url: string;
  readonly token: string;
  /** A unix socket that it listens at instead of a port. */
  readonly socket: string | null;
}

export interface JupyterServers {
  /** Those that run. One that was killed leaves its file behind. */
  running(census: Census): readonly JupyterServer[];
}

/** Finds them by the files that they leave in their runtime folders. */
export function openJupyterServers(place: Place): JupyterServers {
  let told = new Map<string, readonly string[]>();
  return {
    running({ people }) {
      const alive = new Set([...people.values()].filter(({ whose }) => whose === 'theirs').map(({ row }) => row.pid));
      const next: typeof told = new Map();
      for (const [key, { row, whose }] of people) {
        if (whose !== 'theirs' || !/jupyter|python/i.test(row.name)) continue;
        const known = told.get(key);
        next.set(key, known ?? []);
        if (known === undefined)
          foldersOf(row.pid).then(
            (folders) => void (next.has(key) && next.set(key, folders)),
            () => undefined, // it ended meanwhile, or is not ours to ask
          );
      }
      told = next;
      const folders = new Set([...usualFolders(place), ...[...next.values()].flat()]);
      const servers = [...folders].flatMap(serversIn).filter(({ pid }) => alive.has(pid));
      return [...new Map(servers.map((server) => [server.pid, server])).values()];
    },
  };
}

function usualFolders(place: Place): readonly string[] {
  const homes = [
    join(place.root, 'root'),
    ...namesIn(join(place.root, 'home')).map((name) => join(place.root, 'home', name)),
  ];
  return homes.map((home) => join(home, '.local/share/jupyter/runtime'));
}

/** Where a program's own settings put it, in the order in which Jupyter looks. */
async function foldersOf(pid: number): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/environ`, 'utf8');
  const environment = new Map(text.split('\0').map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]));
  const of = (name: string, ...path: readonly string[]): string[] => {
    const value = environment.get(name);
    return value?.startsWith('/') ? [join(value, ...path)] : [];
  };
  return [
    ...of('JUPYTER_RUNTIME_DIR'),
    ...of('JUPYTER_DATA_DIR', 'runtime'),
    ...of('XDG_DATA_HOME', 'jupyter/runtime'),
    ...of('HOME', '.local/share/jupyter/runtime'),
  ];
}

function serversIn(folder: string): readonly JupyterServer[] {
  const names = namesIn(folder).filter((name) => /^(jpserver|nbserver)-\d+\.json$/.test(name));
  return names.flatMap((name) => serverFrom(join(folder, name)) ?? []);
}

const Runtime = z.object({
  pid: z.number().int(),
  url: z.string(),
  hostname: z.string().default('localhost'),
  token: z.string().default(''),
  sock: z.string().default(''),
});

/** Null when it is still being written, or is no such file. */
function serverFrom(file: string): JupyterServer | null {
  try {
    const { pid, url, hostname, token, sock } = Runtime.parse(JSON.parse(readFileSync(file, 'utf8')));
    const at = new URL(url.startsWith('http') ? url : 'http://localhost/'); // of a unix socket: http+unix://
    // One that listens everywhere calls itself by the machine's name, which need not lead anywhere.
    if (EVERYWHERE.has(hostname)) at.hostname = '127.0.0.1';
    return { pid, url: at.href, token, socket: sock || null };
  } catch {
    return null;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const EVERYWHERE: ReadonlySet<string> = new Set(['', '*', '0.0.0.0', '::', 'localhost']);
