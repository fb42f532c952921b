import { createHash, randomBytes } from 'node:crypto';
import { accessSync, constants, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../domain/failures.ts';
import type { Place } from '../place.ts';
import { lifeFolder } from './living.ts';

/**
 * A fresh name for a socket, in our home where that is short enough for the kernel, else in a folder that only we may
 * enter. Each agent has its own, so that one that takes over is reachable before the other one goes.
 */
export function socketPath(place: Place): string {
  const name = `${randomBytes(4).toString('hex')}.sock`;
  const near = join(lifeFolder(place), name);
  if (Buffer.byteLength(near) < SOCKET_BYTES_MAX) return near;
  return join(ownFolder(`dumont-${createHash('sha256').update(place.home).digest('hex').slice(0, 16)}`), name);
}

/** `/tmp` is everybody's: a folder of that name that somebody else made is not used. */
function ownFolder(name: string): string {
  for (const above of ['/run', '/tmp']) {
    try {
      accessSync(above, constants.W_OK);
      const folder = join(above, name);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const stat = lstatSync(folder);
      if (stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o077) === 0) return folder;
    } catch {
      // not writable: the next one
    }
  }
  throw new Failure('bad_request', { why: 'there is no folder for a socket: neither /run nor /tmp can be written' });
}

const SOCKET_BYTES_MAX = 100;
