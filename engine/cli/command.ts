import type { EngineClient } from './engine-client.ts';
import type { Screen } from './screen.ts';
import { count } from './words.ts';

/** One command as data: its help, its completion and its checks are made from this. */
export interface Command {
  readonly name: string;
  readonly takes: readonly Word[];
  /** What may follow `--`, if anything may. */
  readonly rest: string | null;
  readonly options: Options;
  readonly examples: readonly Example[];
  run(given: Given<Options>): Promise<number>;
}

export interface Word {
  readonly name: string;
  readonly say: string;
  readonly optional?: boolean;
}

type Example = readonly [line: string, say: string];

export interface Option<T> {
  /** How its value is called in the help; null for a flag. */
  readonly value: string | null;
  readonly say: string;
  readonly many: boolean;
  readonly read: (texts: readonly string[]) => T;
}
// biome-ignore lint/suspicious/noExplicitAny: options of every type stand in one table.
export type Options = Readonly<Record<string, Option<any>>>;
export type Values<O extends Options> = { readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never };

export interface Described {
  readonly command: Command;
  readonly say: string;
}

/** What a command gets to work with. */
export interface Given<O extends Options> {
  readonly words: readonly string[];
  readonly rest: readonly string[];
  readonly options: Values<O>;
  readonly engine: EngineClient;
  readonly screen: Screen;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Every command there is, with what it does in one line. */
  readonly commands: () => Promise<readonly Described[]>;
}

interface Spec<O extends Options> {
  readonly name: string;
  readonly takes?: readonly Word[];
  readonly rest?: string;
  readonly options?: O;
  readonly examples: readonly Example[];
  /** Returns the exit code. */
  run(given: Given<O>): Promise<number>;
}

export function command<const O extends Options = Record<never, never>>(spec: Spec<O>): Command {
  const { takes = [], rest = null, options = {} as O } = spec;
  return { ...spec, takes, rest, options, run: (given) => spec.run(given as unknown as Given<O>) };
}

export const WORKSPACE: Word = { name: 'NAME', say: 'The workspace' };

/** Every command understands these. */
export const COMMON = {
  json: flag('Answer in JSON: one document, or one line per event while following'),
  quiet: flag('Only the result, without progress'),
  yes: flag('Answer every question with yes'),
  help: flag('Say how this command is used'),
} satisfies Options;

export const SHORT: Readonly<Record<string, string>> = { q: 'quiet', y: 'yes', h: 'help' };

export function flag(say: string): Option<boolean> {
  return { value: null, say, many: false, read: (texts) => texts.length > 0 };
}

export function text(value: string, say: string): Option<string | undefined> {
  return { value, say, many: false, read: (texts) => texts.at(-1) };
}

export function texts(value: string, say: string): Option<readonly string[] | undefined> {
  return { value, say: `${say}; may be repeated`, many: true, read: (given) => (given.length > 0 ? given : undefined) };
}

export function number(value: string, say: string): Option<number | undefined> {
  return { value, say, many: false, read: (given) => given.map(toNumber).at(-1) };
}

/** One of a few words; any other is refused here, in the words of the command line. */
export function oneOf<const T extends string>(value: string, say: string, all: readonly T[]): Option<T | undefined> {
  const read = (texts: readonly string[]): T | undefined => {
    const given = texts.at(-1);
    const word = all.find((one) => one === given?.toLowerCase());
    if (given === undefined || word !== undefined) return word;
    throw new RangeError(`expected ${all.slice(0, -1).join(', ')} or ${all.at(-1)}, not "${given}"`);
  };
  return { value, say, many: false, read };
}

/** More than nothing, in dollars: `5`, `$12.50`. */
export function amount(say: string, max = DOLLARS_MAX): Option<number | undefined> {
  const read = (given: string): number => {
    const [, number = ''] = /^\s*(?:US)?\$?\s*(\d{1,7}(?:\.\d+)?)\s*(?:USD)?\s*$/i.exec(given) ?? [];
    if (Number(number) > 0 && Number(number) <= max) return Number(number);
    throw new RangeError(`expected US dollars, more than 0 and up to ${count(max)}, like 5 or 12.50; not "${given}"`);
  };
  return { value: 'DOLLARS', say, many: false, read: (texts) => texts.map(read).at(-1) };
}

const DOLLARS_MAX = 1_000_000;

export function numbers(value: string, say: string): Option<readonly number[] | undefined> {
  const { read } = texts(value, say);
  return { ...texts(value, say), read: (given) => read(given)?.map(toNumber) };
}

function toNumber(given: string): number {
  if (/^\d+(\.\d+)?$/.test(given)) return Number(given);
  throw new RangeError(`expected a number, not "${given}"`);
}
