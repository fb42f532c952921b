import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { openSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from '../place.ts';
import type { Self } from '../restore.ts';
import { KEEPER } from './keeper-script.ts';
import { lifeFolder } from './living.ts';
import { wordsFile } from './words-file.ts';

/** Starts the agent that lives, with whom keeps it alive: apart from us, and from the connection we came by. */
export function startLife(place: Place, self: Self, stdio: StdioOptions): ChildProcess {
  const line = join(lifeFolder(place), 'lifeline');
  const args = [line, wordsFile(place), process.execPath, self.program, ...self.argv];
  return spawn('/bin/sh', ['-c', KEEPER, 'dumont-life', ...args], { detached: true, cwd: '/', stdio });
}

/** Where it writes its last words. Those of the one before, which may say why it died, are kept. */
export function openWords(place: Place): number {
  const file = wordsFile(place);
  const said = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (said > 0) renameSync(file, `${file}.1`);
  return openSync(file, 'w', 0o600);
}
