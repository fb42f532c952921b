import { join } from 'node:path';
import { WatchdogProof } from '../../domain/watchdog-proof.ts';
import { readIfThere } from '../../files/whole-file.ts';
import { writeDurably } from '../durable.ts';
import { thawKept } from '../freeze.ts';
import type { Place } from '../place.ts';
import { sendObject } from '../transfer.ts';

/**
 * The proof that this machine last wrote, kept beside it. One that says that everything stands still must not stay in
 * storage when it does not: it would make a machine that is lost later look like one that had saved everything.
 */
export function lastWord(place: Place): WatchdogProof | null {
  try {
    return WatchdogProof.parse(JSON.parse(readIfThere(fileOf(place)) ?? 'null'));
  } catch {
    return null; // none yet
  }
}

/** Written down here before it can be in storage. */
export async function say(place: Place, proof: WatchdogProof, url: string, signal: AbortSignal): Promise<void> {
  writeDurably(fileOf(place), JSON.stringify(proof));
  await sendObject(url, Buffer.from(JSON.stringify(proof)), 'the proof', signal);
}

/** Processes go on: what is in storage says so, and only then is that done with. */
export async function takeBack(place: Place, url: string, signal: AbortSignal): Promise<void> {
  const word = lastWord(place);
  if (word?.processes !== 'stand-still') return;
  thawKept(place, word.taken.sequence);
  const proof: WatchdogProof = { ...word, processes: 'go-on' };
  await sendObject(url, Buffer.from(JSON.stringify(proof)), 'the proof', signal);
  writeDurably(fileOf(place), JSON.stringify(proof));
}

const fileOf = (place: Place): string => join(place.home, 'watchdog.json');
