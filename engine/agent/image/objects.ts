import { statSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { RepositoryAccess } from '../../domain/agent-shapes.ts';
import { refusal, tried } from '../transfer.ts';
import { type Connection, openConnection, type Reply, type Room } from './connection.ts';
import { sha256, signed } from './signature.ts';

/** Where a workspace's images lie: below its repository, where the machine's own credentials reach. */
export interface Objects {
  /** In the room that it is given, if it comes from far. Null when it is not there. */
  get(name: string, room: Room, signal: AbortSignal): Promise<Got | null>;
  put(name: string, bytes: Buffer, signal: AbortSignal): Promise<void>;
  /** Where nothing was written since: of what is there the tag, or null. False when something was. */
  putOver(tag: string | null, name: string, bytes: Buffer, signal: AbortSignal): Promise<boolean>;
  /** The names of all segments that are there, with how many bytes they have. */
  segments(signal: AbortSignal): Promise<ReadonlyMap<string, number>>;
  close(): void;
}

export interface Got {
  readonly bytes: Buffer;
  /** The same as long as it is. */
  readonly tag: string;
}

/** The image of a workspace: where it lies, and what opens it. */
export interface ImageAt {
  readonly password: string;
  readonly at: ObjectsAt;
}

/** There is one image of a workspace: the next one's manifest takes the name of the last. */
export const MANIFEST = 'manifest';
const SEGMENTS = 'segments/';
export const segmentName = (name: string): string => `${SEGMENTS}${name}`;

export type ObjectsAt = Pick<RepositoryAccess, 'url' | 'region' | 'credentials' | 'connections'>;

export function openObjects(at: ObjectsAt): Objects {
  return at.url.startsWith('s3:') ? inStorage(at) : inFolder(join(at.url, FOLDER));
}

/** A repository without S3 is a folder. */
function inFolder(folder: string): Objects {
  const get: Objects['get'] = async (name, _, signal) => {
    const bytes = await readFile(join(folder, name), { signal }).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return null;
      throw cause;
    });
    return bytes && { bytes, tag: sha256(bytes) };
  };
  const put: Objects['put'] = async (name, bytes, signal) => {
    const file = join(folder, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.new`, bytes, { signal });
    await rename(`${file}.new`, file);
  };
  return {
    get,
    put,
    putOver: async (...asked) => await comparedAndPut({ get, put }, ...asked),
    async segments() {
      const names = await readdir(join(folder, SEGMENTS)).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOENT') return [];
        throw cause;
      });
      return new Map(names.map((name) => [name, statSync(join(folder, SEGMENTS, name)).size]));
    },
    close: () => undefined,
  };
}

function inStorage({ url, region, credentials }: ObjectsAt): Objects {
  const base = new URL(`${url.slice('s3:'.length)}/${FOLDER}/`);
  const idle: Connection[] = [];

  const once = async (
    method: Method,
    name: string,
    more: Fields,
    body: Buffer | null,
    room: Room,
    onCut: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<Reply> => {
    const path = base.pathname + name;
    const unsigned = { method, path, headers: { host: base.host, ...more }, payload: sha256(body ?? '') };
    const fields = Object.entries(signed(unsigned, { region, credentials }, new Date()));
    if (body) fields.push(['content-length', String(body.length)]);
    const head = [`${method} ${path} HTTP/1.1`, ...fields.map(([field, value]) => `${field}: ${value}`)];
    for (;;) {
      const connection = idle.pop() ?? openConnection(base);
      if (!connection.isOpen()) continue;
      try {
        const reply = await connection.ask(`${head.join('\r\n')}\r\n\r\n`, body, room, signal);
        if (connection.isOpen()) idle.push(connection);
        return reply;
      } catch (cause) {
        connection.close();
        onCut(connection.came());
        if (!connection.wasStale() || signal.aborted) throw cause;
      }
    }
  };
  /** Lists come without a length, and there are few. */
  const list = (path: string, query: string, signal: AbortSignal): Promise<string> =>
    tried(SEGMENTS, TRIES, LIST_MS, signal, async (attempt) => {
      const unsigned = { method: 'GET', path, query, headers: { host: base.host }, payload: sha256('') } as const;
      const { host: _, ...headers } = signed(unsigned, { region, credentials }, new Date());
      const reply = await fetch(`${base.origin}${path}?${query}`, { headers, signal: attempt });
      const text = await reply.text();
      if (!reply.ok) throw refusal(reply.status, SEGMENTS);
      return text;
    });
  const send = (
    name: string,
    more: Fields,
    bytes: Buffer,
    signal: AbortSignal,
    or: readonly number[] = [],
  ): Promise<number> =>
    tried(name, TRIES, ATTEMPT_MS, signal, async (attempt) => {
      const { status } = await once('PUT', name, more, bytes, ownRoom, () => undefined, attempt);
      if (status !== 200 && !or.includes(status)) throw refusal(status, name);
      return status;
    });
  const get: Objects['get'] = async (name, room, signal) => {
    let into: Buffer = Buffer.alloc(0);
    let tag = '';
    let came = 0;
    return await tried(name, TRIES, ATTEMPT_MS, signal, async (attempt) => {
      let isOurs = false;
      const rest: Room = (bytes, now) => {
        isOurs = true;
        if (came === 0 || came + bytes !== into.length) {
          [into, tag, came] = [room(bytes, now), now, 0];
        }
        return into.subarray(came);
      };
      const onCut = (bytes: number): void => {
        if (isOurs && tag !== '') came += bytes;
      };
      const goOn = came > 0 ? { range: `bytes=${came}-`, 'if-match': tag } : {};
      const { status } = await once('GET', name, goOn, null, rest, onCut, attempt);
      if (status === 404) return null;
      if (status === 412) came = 0; // another was written meanwhile
      if (status !== 200 && status !== 206) throw status === 412 ? new Error('it changed') : refusal(status, name);
      return { bytes: into, tag };
    });
  };
  const put: Objects['put'] = async (name, bytes, signal) => void (await send(name, {}, bytes, signal));
  return {
    get,
    put,
    async putOver(tag, name, bytes, signal) {
      const condition: Fields = tag === null ? { 'if-none-match': '*' } : { 'if-match': tag };
      const status = await send(name, condition, bytes, signal, [...ANOTHER_CAME, NOT_IMPLEMENTED]);
      if (status !== NOT_IMPLEMENTED) return status === 200;
      return await comparedAndPut({ get, put }, tag, name, bytes, signal);
    },
    async segments(signal) {
      const found = new Map<string, number>();
      const [, bucket, folder] = /^(\/[^/]+)\/(.*)$/.exec(base.pathname)!;
      const prefix = `${folder}${SEGMENTS}`;
      for (let last = ''; ; ) {
        const after = encodeURIComponent(prefix + last);
        const query = `list-type=2&prefix=${encodeURIComponent(prefix)}&start-after=${after}`;
        const page = await list(bucket!, query, signal);
        for (const [, key = '', about = ''] of page.matchAll(/<Contents>.*?<Key>([^<]*)<\/Key>(.*?)<\/Contents>/gs)) {
          last = key.slice(prefix.length);
          found.set(last, Number(/<Size>(\d+)</.exec(about)?.[1]));
        }
        if (!page.includes('<IsTruncated>true<')) return found;
      }
    },
    close: () => {
      for (const connection of idle) connection.close();
    },
  };
}

/** Where storage knows no conditions: somebody may still come in between. */
async function comparedAndPut(
  { get, put }: Pick<Objects, 'get' | 'put'>,
  tag: string | null,
  name: string,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<boolean> {
  const there = await get(name, ownRoom, signal);
  if ((there?.tag ?? null) !== tag) return false;
  await put(name, bytes, signal);
  return true;
}

type Method = 'GET' | 'PUT';
type Fields = Readonly<Record<string, string>>;

/** For who keeps what came. */
export const ownRoom = (bytes: number): Buffer => Buffer.allocUnsafeSlow(bytes);

/** It was removed, is being written, or is another. */
const ANOTHER_CAME = [404, 409, 412];
const NOT_IMPLEMENTED = 501;
const FOLDER = 'image';
const TRIES = 4;
/** As long as something comes: a connection that is silent ends long before. */
const ATTEMPT_MS = 10 * 60_000;
const LIST_MS = 60_000;
