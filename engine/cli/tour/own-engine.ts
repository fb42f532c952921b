import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { HOME } from '../home.ts';

/** The tour never touches a person's own workspaces: its engine has a home of its own, which is taken away at the end. */
export const TOUR_HOME = join(HOME, 'tour');

/** What is brought or packed once is kept for the person's own engine. */
export const SHARED_FOLDERS = ['tools', 'kit'] as const;

/** Made so quick that the whole cycle fits into about a minute. */
export function tourSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const others = Object.entries(environment).filter(([name]) => !name.startsWith('DUMONT_') || KEPT.has(name));
  return {
    ...Object.fromEntries(others),
    DUMONT_HOME: TOUR_HOME,
    DUMONT_PORT: '0',
    DUMONT_LOCAL_SPEED: '25',
    // All racers are processes of this computer, and a crowd of them is slower than a few.
    DUMONT_BATCH: String(Math.max(RACERS_MIN, Math.min(RACERS_MAX, availableParallelism() + 1))),
    DUMONT_ROUND_SECONDS: '60',
    DUMONT_BACKUP_SECONDS: '10',
    // Two heartbeats, 10 s apart, must not be further from each other than this.
    DUMONT_IDLE_SECONDS: '16',
    DUMONT_GRACE_SECONDS: '6',
    DUMONT_FIRST_SECONDS: '0',
  };
}

/** How a person brings restic holds for the tour as well. */
const KEPT: ReadonlySet<string> = new Set(['DUMONT_RESTIC', 'DUMONT_RESTIC_URL']);

const RACERS_MIN = 3;
const RACERS_MAX = 5;
