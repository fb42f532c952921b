import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Taken } from '../../domain/heartbeat.ts';
import { readIfThere } from '../../files/whole-file.ts';
import { writeDurably } from '../durable.ts';
import type { Place } from '../place.ts';
import { lifeFolder } from './living.ts';

/** Snapshots that are in storage and that the engine may not know of. Each has a file of its own until it does. */
export function readOutbox(place: Place): readonly Taken[] {
  const rows = readdirSync(folderOf(place)).map((name) => takenIn(join(folderOf(place), name)));
  return rows.filter((row) => row !== null).toSorted((a, b) => a.sequence - b.sequence);
}

export function addToOutbox(place: Place, taken: Taken): void {
  writeDurably(fileOf(place, taken.snapshot), JSON.stringify(taken));
}

export function removeFromOutbox(place: Place, snapshot: string): void {
  rmSync(fileOf(place, snapshot), { force: true });
}

function takenIn(file: string): Taken | null {
  try {
    return Taken.parse(JSON.parse(readIfThere(file) ?? 'null'));
  } catch {
    return null; // a crash left it half written under another name
  }
}

function folderOf(place: Place): string {
  const folder = join(lifeFolder(place), 'outbox');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

const fileOf = (place: Place, snapshot: string): string => join(folderOf(place), `${snapshot}.json`);
