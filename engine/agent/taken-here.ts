import { join } from 'node:path';
import * as z from 'zod';
import { readIfThere } from '../files/whole-file.ts';
import { writeDurably } from './durable.ts';
import type { Place } from './place.ts';

/** Snapshots that this machine took: restic may compare inodes and ctimes with them, and with no others. */
export function tookHere(place: Place, snapshot: string): boolean {
  return read(place).includes(snapshot);
}

export function rememberTaken(place: Place, snapshot: string): void {
  writeDurably(fileOf(place), JSON.stringify([...read(place).slice(1 - KEPT), snapshot]));
}

function read(place: Place): readonly string[] {
  const text = readIfThere(fileOf(place));
  return text === null ? [] : z.array(z.string()).parse(JSON.parse(text));
}

const fileOf = (place: Place): string => join(place.home, 'taken.json');
const KEPT = 50;
