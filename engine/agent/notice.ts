import { closeSync, constants, openSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { readIfThere } from '../files/whole-file.ts';
import { writeDurably } from './durable.ts';
import type { Place } from './place.ts';

/**
 * Shows a notice on every terminal of the machine, as wall does, and once: also when we are started anew. It is written
 * down first, since one that is missing is better than one on every heartbeat. A terminal that takes no more (somebody
 * pressed Ctrl-S) is left out, and never waited for.
 */
export function showNotice(
  place: Place,
  notice: { readonly id: string; readonly text: string },
  terminals: readonly string[] = terminalsHere(),
): void {
  const shown = readShown(place);
  if (shown.includes(notice.id)) return;
  writeDurably(fileOf(place), JSON.stringify([...shown.slice(1 - KEPT), notice.id]));
  const bytes = Buffer.from(`\r\n\u0007${printable(notice.text).replaceAll('\n', '\r\n')}\r\n`);
  for (const terminal of terminals) writeTo(terminal, bytes);
}

export function terminalsHere(): readonly string[] {
  try {
    return readdirSync('/dev/pts')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => `/dev/pts/${name}`);
  } catch {
    return []; // a system without them
  }
}

/** A name of a workspace or a machine cannot steer somebody's terminal. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to take out
  return text.replace(/\r\n?/g, '\n').replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, ' ');
}

function writeTo(terminal: string, bytes: Buffer): void {
  let handle: number;
  try {
    handle = openSync(terminal, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return; // it was closed meanwhile, or is not for us
  }
  try {
    writeSync(handle, bytes);
  } catch {
    // it takes no more
  } finally {
    closeSync(handle);
  }
}

/** Torn by a crash, nothing was shown: then it is shown once more. */
function readShown(place: Place): readonly string[] {
  try {
    return z.array(z.string()).parse(JSON.parse(readIfThere(fileOf(place)) ?? '[]'));
  } catch {
    return [];
  }
}

const fileOf = (place: Place): string => join(place.home, 'notices.json');
const KEPT = 50;
