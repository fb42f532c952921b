/** What the bot remembers of Discord. Everything that people see there is drawn from other rows; these say where it stands. */

/** A server that the bot was invited to; Discord calls it a guild. */
export interface Guild {
  readonly id: string;
  readonly version: number;
  /** Of panels and alerts; a private answer is in the language of whoever asked. */
  readonly language: Language;
  /** Where panels, warnings and alerts stand; null: each where the workspace was last asked for. */
  readonly channel: string | null;
  /** Where each accepted action is written down. */
  readonly audit: string | null;
  /** Rung when something fails, and only then. */
  readonly pingRole: string | null;
  /** Whether it is told about every workspace, or about those that were last asked for there. */
  readonly hears: 'everything' | 'its own';
  /** Why Discord does not let us write there; null while it does. */
  readonly trouble: string | null;
  /** When "dumont discord setup" last chose the channel; missing: it never did. */
  readonly placedAt?: number | undefined;
}

export type Language = 'en' | 'pt';

/** A message that is kept true by editing it. Its row is written before it is posted, so that no restart forgets one. */
export interface Panel {
  readonly id: string;
  readonly version: number;
  readonly kind: 'operation' | 'status' | 'warning' | 'alert' | 'report' | 'audit';
  readonly guild: string;
  readonly channel: string;
  /** Null until Discord has it. */
  readonly message: string | null;
  readonly workspace: string | null;
  readonly operation: string | null;
  /** Who asked, in Discord; null for what Dumont says by itself. */
  readonly user: string | null;
  /** What was told, for warnings and alerts; who did what, for the audit. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly openedAt: number;
  readonly postedAt: number | null;
  /** From then on it is not edited any more. */
  readonly closedAt: number | null;
}

/** "Are you sure?", asked of one person, to be answered once. */
export interface Confirmation {
  readonly id: string;
  readonly version: number;
  readonly user: string;
  /** What was asked for: the command and its options as they came. */
  readonly path: string;
  readonly options: Readonly<Record<string, string | number | boolean>>;
  /** What has to be typed; null where a button is enough. */
  readonly typed: string | null;
  readonly expiresAt: number;
  /** The click that used it; null: nobody has. */
  readonly usedBy: string | null;
}

/** How far what the engine told was taken to people there, so that no start tells it again. */
export interface DiscordHeard {
  readonly id: string;
  readonly version: number;
  readonly number: number;
}

/** Where a shard of the gateway stands, so that what was sent while we were away is sent again. */
export interface GatewaySession {
  readonly id: string;
  readonly version: number;
  readonly session: string;
  readonly resumeUrl: string;
  readonly shards: number;
  /** Everything up to here was taken care of. */
  readonly sequence: number;
}
