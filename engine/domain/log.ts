import type { Talk } from './events.ts';

export const LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR'] as const;
export type Level = (typeof LEVELS)[number];

export const matters = (level: Level, least: Level): boolean => LEVELS.indexOf(level) >= LEVELS.indexOf(least);

/** One thing that happened to a workspace. */
export interface LogLine {
  readonly at: number;
  readonly level: Level;
  readonly event: string;
  /** The machine whose agent said it, which is no more than its word; null: the engine itself. */
  readonly by: string | null;
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface PlacedLine extends LogLine {
  /** Its day and where it begins in it: in order as text. */
  readonly place: string;
}

export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

export const placeIn = (day: string, byte: number): string => `${day}-${String(byte).padStart(15, '0')}`;

export const PLACE = /^(\d{4}-\d{2}-\d{2})-(\d{15})$/;

/** What somebody should look at. */
export const TROUBLE: ReadonlySet<Talk['event']> = new Set([
  'save.failed',
  'work.at_risk',
  'machine.lost',
  'release.slow',
  'backup.failing',
  'alert.raised',
  'repository.mended',
  'after_wake.trouble',
]);

const WORST: ReadonlySet<Talk['event']> = new Set(['save.failed', 'machine.lost']);

/** What people are told, as a line of their workspace's log. */
export function toldLine(talk: Talk, at: number): LogLine {
  const { event, workspace: _, ...facts } = talk;
  const level = WORST.has(event) ? 'ERROR' : TROUBLE.has(event) ? 'WARNING' : isStep(event) ? 'DEBUG' : 'INFO';
  return { at, level, event, by: null, facts };
}

/** Of something long that is shown while it happens. */
const isStep = (event: Talk['event']): boolean => event.endsWith('.progress');

/** What the engine's own log has as well; in a workspace's it stands once. */
export const TOLD_TOO: ReadonlySet<string> = new Set<Talk['event']>([
  'machine.moved',
  'machine.adopted',
  'race.ended',
  'repository.mended',
]);
