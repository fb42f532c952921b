import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { reasonOf } from '../../domain/failures.ts';
import { openDumont } from '../../main.ts';
import { localMarketplace } from '../../marketplaces/local/local.ts';
import { type Config, readConfig } from '../../process/config.ts';
import { HOME } from '../home.ts';
import type { KeeperSays } from './keep-engine.ts';
import { holdTour } from './one-tour.ts';
import { SHARED_FOLDERS, TOUR_HOME, tourSettings } from './own-engine.ts';

/**
 * A process of its own that is the tour's engine. When its input ends, for whatever reason the tour ended, it stops, ends
 * every machine, and takes their home away. So nothing is left behind even when the tour is killed.
 */
const over = new AbortController();
process.stdin.on('end', () => over.abort()).on('error', () => over.abort());
process.stdin.resume();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => over.abort());
process.stdout.on('error', () => undefined); // nobody listens any more

async function keep(): Promise<void> {
  await using held = await holdTour(TOUR_HOME);
  if (held === null) return say({ failed: 'Another tour is under way here; one at a time.' });
  // biome-ignore lint/style/noProcessEnv: the engine of the tour gets ours, with settings of its own.
  const config = patient(readConfig(tourSettings(process.env)));
  try {
    await clearAway(config); // what a computer left behind that went down
    await furnish();
    const opening = openDumont(config, (line) => LONG_WORK.test(line) && say({ say: line }));
    // Bringing restic takes long, and whoever gave up meanwhile is not made to wait for it.
    await using opened = await Promise.race([opening, aborted(over.signal)]);
    if (opened) say({ ready: true });
    await aborted(over.signal);
  } catch (thrown) {
    say({ failed: reasonOf(thrown) });
  } finally {
    await clearAway(config);
  }
}

/** Machines of a real marketplace do not share one processor; here a slow stage says nothing about the machine. */
function patient(config: Config): Config {
  const { race } = config.settings;
  const deadlines = {
    ...{ createMs: STAGE_MS, connectMs: STAGE_MS, installMs: STAGE_MS, installMaxMs: 2 * STAGE_MS },
    ...{ readyMs: STAGE_MS, usableMs: 2 * STAGE_MS },
  };
  return { ...config, settings: { ...config.settings, race: { ...race, deadlines } } };
}

const STAGE_MS = 60_000;

/** What is brought or packed once is kept where the person's own engine finds it. */
async function furnish(): Promise<void> {
  await mkdir(TOUR_HOME, { recursive: true, mode: 0o700 });
  for (const folder of SHARED_FOLDERS) {
    await mkdir(join(HOME, folder), { recursive: true });
    await symlink(join(HOME, folder), join(TOUR_HOME, folder));
  }
}

/** Of what an engine says at its start, what takes long. */
const LONG_WORK = /^(Fetching|Building)\b/;

/** Only when no engine runs any more: one that does would look for a machine that is gone, and rent another. */
async function clearAway({ home, local, path }: Config): Promise<void> {
  if (!existsSync(home)) return;
  await localMarketplace({ folder: join(home, 'local'), ...local, searchPath: path }).endAll();
  await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

function say(message: KeeperSays): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function aborted(signal: AbortSignal): Promise<null> {
  if (!signal.aborted) await once(signal, 'abort');
  return null;
}

await keep();
process.exit();
