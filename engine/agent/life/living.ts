import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { readIfThere } from '../../files/whole-file.ts';
import { codeOf } from '../durable.ts';
import type { Place } from '../place.ts';
import { isAlive, thisProcess } from '../process-table.ts';

/** The agent that lives on this machine, as it wrote itself down. */
const Living = z.object({ pid: z.number().int(), startedAt: z.string(), socket: z.string() });
export type Living = z.infer<typeof Living>;

export function living(place: Place): Living | null {
  const one = noted(place);
  return one && isAlive(one) ? one : null;
}

/** One of them at a time: false when another one lives. */
export function beginLiving(place: Place, socket: string): boolean {
  const mine: Living = { ...thisProcess(), socket };
  const fresh = `${fileOf(place)}.${process.pid}`;
  writeFileSync(fresh, JSON.stringify(mine), { mode: 0o600, flush: true });
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      try {
        linkSync(fresh, fileOf(place));
        return true;
      } catch (cause) {
        if (codeOf(cause) !== 'EEXIST') throw cause;
      }
      const other = noted(place);
      if (other && isAlive(other)) return false;
      rmSync(fileOf(place), { force: true });
      if (other) rmSync(other.socket, { force: true });
    }
    return false;
  } finally {
    rmSync(fresh, { force: true });
  }
}

export function endLiving(place: Place): void {
  if (noted(place)?.pid === process.pid) rmSync(fileOf(place), { force: true });
}

/** Where it keeps what must survive it. */
export function lifeFolder(place: Place): string {
  const folder = join(place.home, 'life');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

function noted(place: Place): Living | null {
  try {
    return Living.parse(JSON.parse(readIfThere(fileOf(place)) ?? 'null'));
  } catch {
    return null; // nobody, or torn by a crash
  }
}

const fileOf = (place: Place): string => join(lifeFolder(place), 'living.json');
const TRIES = 5;
