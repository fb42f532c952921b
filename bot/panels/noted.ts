import type { Language } from '../../engine/domain/discord.ts';
import type { Talk } from '../../engine/domain/events.ts';
import type { ReportEvery } from '../../engine/domain/report.ts';
import type { Values } from '../interaction.ts';

/** What a warning knows, and how it ended. */
export interface Warned {
  readonly machine: string;
  readonly why: string;
  readonly actsAt: number;
  readonly dollarsPerHour: number;
  readonly payBack?: string;
  readonly ended: { readonly how: 'kept' | 'stays' | 'sleeps' | 'gone'; readonly say: string } | null;
}

/** What an alert knows. */
export interface Alerted {
  readonly talk: Talk;
  readonly at: number;
  /** When it was over, and how; null while it is not. */
  readonly resolved: { readonly at: number; readonly say: string } | null;
}

/** What a report is about. */
export interface Reported {
  readonly from: number;
  readonly until: number;
  readonly every: ReportEvery;
  readonly language: Language;
  /** Whose eyes it is seen with. */
  readonly by: string;
  /** The channel where it was to stand, when it may not. */
  readonly shutIn: string | null;
}

/** What stands in the audit channel. */
export interface Audited {
  readonly by: string;
  readonly path: string;
  /** As they may be shown. */
  readonly options: Values;
  /** What its operations are keyed by. */
  readonly key: string;
  /** They were asked whether they are sure, and said yes. */
  readonly confirmed: boolean;
  /** The operations that began; null: not known yet, it was only written down that it is about to be done. */
  readonly began: readonly string[] | null;
  /** Why it was not done after all. */
  readonly refused: string | null;
}
