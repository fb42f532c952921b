import type { Who } from '../engine/domain/account.ts';
import type { Guild, Language } from '../engine/domain/discord.ts';
import type { Accounts, Asked, Audit, Engine } from '../engine/domain/doors.ts';
import type { Operation } from '../engine/domain/operation.ts';
import type { VerbName } from '../engine/domain/verbs.ts';
import type { Diagnosis } from './diagnosis.ts';
import type { FileOf, Message } from './discord/message.ts';
import type { Deed, Values } from './interaction.ts';
import type { Memory } from './memory.ts';
import type { Panels } from './panels/panels.ts';
import type { Settled } from './settled.ts';
import type { Words } from './words/words.ts';

export type Both = Readonly<Record<Language, string>>;

/** Those that Dumont speaks, as people choose them. */
export const LANGUAGES = [
  { value: 'en', say: { en: 'English', pt: 'inglês' } },
  { value: 'pt', say: { en: 'Brazilian Portuguese', pt: 'português do Brasil' } },
] as const satisfies readonly { readonly value: Language; readonly say: Both }[];

/** One command as data: what Discord shows of it, and what it does. */
export interface Command {
  /** As people type it, without the slash: `snapshot create`. */
  readonly path: string;
  /** The verb whose role it needs; null where the command looks for itself. */
  readonly verb: VerbName | null;
  /** Missing: the verb's own words. */
  readonly say?: Both;
  readonly options: Options;
  /** The person must be linked to an account; only /link and /diag go without. */
  readonly linked: boolean;
  /** Whether it changes something with these options, which is then written down in the audit channel. */
  changes(options: Values): boolean;
  run(call: Call<Values>): Promise<Message>;
  /** What it does once the person has said that they are sure. Only ever after the audit channel has taken it. */
  confirmed?(call: Call<Values>): Promise<Message>;
}

export interface Option<T> {
  readonly kind: 'text' | 'integer' | 'number' | 'flag' | 'channel' | 'role';
  readonly say: Both;
  readonly required: boolean;
  readonly suggests: Suggests | null;
  readonly choices: readonly { readonly value: string; readonly say: Both }[];
  readonly min: number | null;
  readonly max: number | null;
  /** What is typed there may be one, and is shown and logged nowhere. */
  readonly secret: boolean;
  readonly type?: T;
}
export type Suggests =
  | 'workspace'
  | 'awake'
  | 'asleep'
  | 'snapshot'
  | 'gpu'
  | 'account'
  | 'operation'
  | 'schedule'
  | 'budget'
  | 'report'
  | 'token';
// biome-ignore lint/suspicious/noExplicitAny: options of every type stand in one table.
export type Options = Readonly<Record<string, Option<any>>>;
export type Given<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

/** What a command has to work with. */
export interface Call<G> {
  readonly deed: Deed;
  readonly options: G;
  readonly who: Who;
  /** As this person may use it. */
  readonly engine: Engine;
  readonly accounts: Accounts;
  readonly audit: Audit;
  readonly asked: Asked;
  readonly words: Words;
  readonly guild: Guild;
  readonly settled: Settled;
  readonly memory: Memory;
  readonly panels: Panels;
  readonly now: number;
  readonly signal: AbortSignal;
  /** Posts the live panel of an operation, and says where it stands. */
  follow(operation: Operation): Promise<Message>;
  /**
   * Asks whether they are sure; `typed` must be typed where nothing brings it back. What is remembered are options as well
   * when they are: what they were shown is what they agree to.
   */
  confirm(question: string, typed?: string | null, remember?: Values, files?: readonly FileOf[]): Promise<Message>;
  /** For what the engine does not write into the audit by itself. */
  record(verb: string, on: string, result: string): Promise<void>;
  /** The old channel is told which one is the new one. */
  moved(before: Guild, after: Guild): void;
  /** What an owner looks at. */
  diagnose(): Promise<Diagnosis>;
}

interface Spec<O extends Options> {
  readonly path: string;
  readonly verb: VerbName | null;
  readonly say?: Both;
  readonly options?: O;
  readonly linked?: boolean;
  /** True: always. */
  readonly changes?: boolean | ((options: Given<O>) => boolean);
  run(call: Call<Given<O>>): Promise<Message>;
  confirmed?(call: Call<Given<O>>): Promise<Message>;
}

/** Discord checks the options of a command before it sends them, so they are what the command says they are. */
export function command<const O extends Options = Record<never, never>>(spec: Spec<O>): Command {
  const { options = {} as O, linked = true, changes: given = false } = spec;
  const changes = typeof given === 'function' ? given : () => given;
  return { ...spec, options, linked, changes } as unknown as Command;
}

interface More {
  readonly suggests?: Suggests;
  readonly choices?: Option<string>['choices'];
  readonly min?: number;
  readonly max?: number;
  readonly secret?: boolean;
}

export const text = (say: Both, more: More = {}): Option<string | undefined> => option('text', say, more);
export const integer = (say: Both, more: More = {}): Option<number | undefined> => option('integer', say, more);
export const number = (say: Both, more: More = {}): Option<number | undefined> => option('number', say, more);
export const flag = (say: Both): Option<boolean | undefined> => option('flag', say, {});
export const channel = (say: Both): Option<string | undefined> => option('channel', say, {});
export const role = (say: Both): Option<string | undefined> => option('role', say, {});

export function required<T>(given: Option<T | undefined>): Option<T> {
  return { ...given, required: true } as Option<T>;
}

function option<T>(
  kind: Option<T>['kind'],
  say: Both,
  { suggests, choices = [], min, max, secret = false }: More,
): Option<T> {
  return {
    kind,
    say,
    required: false,
    suggests: suggests ?? null,
    choices,
    min: min ?? null,
    max: max ?? null,
    secret,
  };
}

export const WORKSPACE = required(
  text({ en: 'Which workspace', pt: 'Qual workspace' }, { suggests: 'workspace', max: 40 }),
);

export const SNAPSHOT = required(
  text(
    { en: 'Its id, or the beginning of it', pt: 'O id, ou o começo dele' },
    { suggests: 'snapshot', min: 4, max: 64 },
  ),
);
