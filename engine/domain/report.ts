import type { Language } from './discord.ts';
import type { Period } from './savings.ts';

/** A report that is posted by itself. */
export interface Report {
  readonly id: string;
  readonly version: number;
  readonly guild: string;
  readonly channel: string;
  readonly every: ReportEvery;
  /** `09:00`, as a clock on a wall in its zone shows it; weekly on Mondays, monthly on the first. */
  readonly time: string;
  readonly zone: string;
  readonly language: Language;
  /** Of one workspace; null: of all that its maker may see. */
  readonly workspace: string | null;
  readonly by: string;
  /** What was due until then was told. */
  readonly doneAt: number;
  /** Told, and nobody who posts it has taken it yet. */
  readonly waiting: readonly DueReport[];
}

export interface DueReport extends Period {
  readonly due: number;
}

/** One that nobody could post waits for so long. */
export const UNREAD_MS = 92 * 24 * 3_600_000;

export const REPORT_EVERY = ['daily', 'weekly', 'monthly'] as const;
export type ReportEvery = (typeof REPORT_EVERY)[number];
export type ReportChoice = Omit<Report, 'id' | 'version' | 'by' | 'doneAt' | 'waiting'>;

export const REPORTS_MAX = 50;
