import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noSuchTrap, trapList } from '../no-such-trap.ts';
import { realClock } from '../real-clock.ts';
import { keyFile, openProject } from './project.ts';
import { serveGcp } from './serve.ts';
import { isTrap, TRAPS } from './traps.ts';

/** `npm run standin gcp [TRAP...]`: Compute Engine at its real pace, with these traps on. */
export async function showGcp(words: readonly string[]): Promise<AsyncDisposable> {
  const project = openProject(realClock);
  for (const word of words) {
    if (!isTrap(word)) throw noSuchTrap(word, TRAPS);
    project.traps.add(word);
  }
  const standin = await serveGcp(project, PORT);
  const folder = await mkdtemp(join(tmpdir(), 'dumont-gcp-'));
  const file = join(folder, 'DUMONT_GCP_KEY');
  await writeFile(file, keyFile(project, standin.url), { mode: 0o600 });
  console.log(`Compute Engine answers at ${standin.api}. Its machines run nothing. For Dumont:`);
  console.log(`  DUMONT_GCP_API=${standin.api} DUMONT_GCP_KEY="$(cat ${file})"`);
  console.log(`On: ${[...project.traps].join(', ') || 'no trap'}. There are:`);
  console.log(trapList(TRAPS));
  return standin;
}

const PORT = 7080;
