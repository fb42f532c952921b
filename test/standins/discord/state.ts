import type { APIMessage } from 'discord-api-types/v10';

/** What the stand-in remembers: the part of Discord that a bot can see. */
export interface State {
  readonly token: string;
  readonly application: string;
  readonly guilds: Map<string, Guild>;
  readonly channels: Map<string, Channel>;
  readonly roles: Map<string, Role>;
  /** What the bot may do, everywhere. */
  appPermissions: bigint;
  /** By channel, then by message; in the order in which they were sent. */
  readonly messages: Map<string, Map<string, Stored>>;
  /** Who may be anybody on the page. */
  readonly people: Person[];
  readonly interactions: Map<string, Interaction>;
  commands: readonly Registered[];
  /** How many commands were ever made: an unchanged list makes none. */
  created: number;
  readonly settings: Settings;
  readonly seen: Request[];
  /** 401, 403 and 429 that were not shared: ten thousand of them in ten minutes ban an address. */
  invalid: number;
  /** Answers of ours that Discord's own description does not allow. */
  readonly wrong: string[];
  faults: Misfortune[];
}

/** The clocks and limits, so that a test need not wait for Discord's own. */
export interface Settings {
  ackMs: number;
  tokenMs: number;
  heartbeatMs: number;
  /** Per channel and route. */
  sends: Bucket;
  edits: Bucket;
  webhooks: Bucket;
  globalPerSecond: number;
  /** Edits of messages older than this are refused with 30046. */
  editableMs: number;
  nonceMs: number;
  /** So many connections the bot is told to open. */
  shards: number;
  /** Of every answer, this share is lost after what was asked has happened. */
  loses: number;
}
/** Permissions that something here hangs on. */
export const MAY = { mentionEveryone: 1n << 17n, writeInThreads: 1n << 38n } as const;

export interface Bucket {
  readonly limit: number;
  readonly windowMs: number;
}

export interface Guild {
  readonly id: string;
  readonly name: string;
  /** The bot was invited and not thrown out. */
  here: boolean;
}

export interface Role {
  readonly id: string;
  readonly name: string;
  /** Anybody may ring it. */
  readonly mentionable: boolean;
}

export interface Channel {
  readonly id: string;
  readonly guild: string;
  readonly name: string;
  /** What the bot must not do there. */
  denied: 'nothing' | 'view' | 'send';
  readonly thread: { archived: boolean } | null;
}

export interface Stored {
  readonly message: APIMessage;
  readonly nonce: string | null;
  readonly sentAt: number;
  /** Whom it rang: users, roles, `everyone`. */
  readonly pinged: readonly string[];
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  edits: number;
  /** When each edit arrived. */
  readonly editedAt: number[];
}

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly permissions: bigint;
  readonly locale: string;
}

export interface Registered {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly options?: readonly RegisteredOption[];
  readonly default_member_permissions?: string | null;
  readonly contexts?: readonly number[];
  readonly integration_types?: readonly number[];
  readonly [rest: string]: unknown;
}
export interface RegisteredOption {
  readonly type: number;
  readonly name: string;
  readonly description: string;
  readonly required?: boolean;
  readonly autocomplete?: boolean;
  readonly min_value?: number;
  readonly max_value?: number;
  readonly max_length?: number;
  readonly choices?: readonly { readonly name: string; readonly value: string | number }[];
  readonly options?: readonly RegisteredOption[];
}

/** One thing a person did, and what the bot made of it. */
export interface Interaction {
  readonly id: string;
  readonly token: string;
  readonly at: number;
  readonly channel: string;
  readonly person: Person;
  readonly payload: object;
  ackedAt: number | null;
  /** The type of the callback that was taken. */
  ackType: number | null;
  /** Only the person sees it. */
  ephemeral: boolean;
  original: APIMessage | null;
  /** The message a pressed button is on: deferred updates edit that one. */
  readonly on: { readonly channel: string; readonly message: string; readonly of: Interaction | null } | null;
  modal: Modal | null;
  choices: readonly { readonly name: string; readonly value: string | number }[] | null;
  readonly followUps: APIMessage[];
  /** All that its answer was sent with. */
  readonly files: { readonly name: string; readonly bytes: Uint8Array }[];
}
export interface Modal {
  readonly custom_id: string;
  readonly title: string;
  readonly components: readonly {
    readonly type: number;
    readonly label?: string;
    readonly component?: { readonly type: number; readonly custom_id: string };
  }[];
}

export interface Request {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  status: number;
}

/** Something that goes wrong with requests that match, so many times. */
export interface Misfortune {
  readonly method: string;
  readonly path: RegExp;
  times: number;
  readonly does:
    | { readonly lose: true } // it happens, and nobody is told
    | { readonly status: number; readonly code?: number; readonly headers?: Readonly<Record<string, string>> }
    | { readonly delayMs: number };
}

export const DISCORD: Readonly<Settings> = {
  ackMs: 3_000,
  tokenMs: 15 * 60_000,
  heartbeatMs: 41_250,
  sends: { limit: 5, windowMs: 5_000 },
  edits: { limit: 5, windowMs: 5_000 },
  webhooks: { limit: 5, windowMs: 2_000 },
  globalPerSecond: 50,
  editableMs: 3_600_000,
  nonceMs: 5 * 60_000,
  shards: 1,
  loses: 0,
};

const EPOCH = 1_420_070_400_000n;
let counter = 0n;

/** An id as Discord makes them: the time it was made is in it. */
export function snowflake(at = Date.now()): string {
  counter = (counter + 1n) % 4_096n;
  return (((BigInt(at) - EPOCH) << 22n) | (1n << 17n) | counter).toString();
}
