import { parseArgs } from 'node:util';
import { Failure, reasonOf } from '../domain/failures.ts';
import { didYouMean } from '../domain/near.ts';
import { COMMON, type Command, type Options, SHORT, type Values } from './command.ts';

export interface Args {
  readonly words: readonly string[];
  readonly rest: readonly string[];
  readonly options: Values<Options>;
}

/** Reads what follows a command's name by the command's own table. */
export function readArgs(command: Command, argv: readonly string[]): Args {
  const end = argv.indexOf('--');
  const ours = end === -1 ? argv : argv.slice(0, end);
  const rest = end === -1 ? [] : argv.slice(end + 1);
  if (rest.length > 0 && command.rest === null) throw wrong(command, `takes nothing after "--"`);

  const table = { ...command.options, ...COMMON };
  const { tokens } = parseArgs({ args: [...ours], options: parserTable(table), strict: false, tokens: true });
  const given = new Map<string, string[]>();
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const option = Object.hasOwn(table, token.name) ? table[token.name as keyof typeof table] : undefined;
    if (!option && words.length > command.takes.length) checkWords(command, words, argv);
    if (!option) throw wrong(command, `has no option ${token.rawName}.${didYouMean(token.name, Object.keys(table))}`);
    if (option.value === null && token.value !== undefined) throw wrong(command, `: ${token.rawName} takes no value`);
    if (option.value !== null && token.value === undefined) throw wrong(command, `: ${token.rawName} needs a value`);
    given.set(token.name, [...(given.get(token.name) ?? []), token.value ?? '']);
  }
  const options = Object.fromEntries(
    Object.entries(table).map(([name, option]) => [
      name,
      readOption(command, name, () => option.read(given.get(name) ?? [])),
    ]),
  );
  if (!options.help) checkWords(command, words, argv);
  return { words, rest, options };
}

function parserTable(table: Options) {
  const short = Object.fromEntries(Object.entries(SHORT).map(([letter, name]) => [name, { short: letter }]));
  return Object.fromEntries(
    Object.entries(table).map(([name, { value }]) => [
      name,
      { type: value === null ? ('boolean' as const) : ('string' as const), multiple: true, ...short[name] },
    ]),
  );
}

function readOption<T>(command: Command, name: string, read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    throw wrong(command, `: --${name}: ${reasonOf(thrown)}`);
  }
}

function checkWords(command: Command, words: readonly string[], argv: readonly string[]): void {
  const needed = command.takes.filter((word) => !word.optional);
  const missing = needed[words.length];
  if (missing) throw wrong(command, `needs ${missing.name}: ${missing.say.toLowerCase()}`);
  const extra = words[command.takes.length];
  if (extra === undefined) return;
  if (command.rest === null) throw wrong(command, `does not know what to do with "${extra}"`);
  const line = argv.toSpliced(argv.indexOf(extra), 0, '--').join(' ');
  throw wrong(command, `takes a command only after "--": dumont ${command.name} ${line}`);
}

export function wrong(command: Pick<Command, 'name'>, why: string): Failure {
  const subject = `"dumont ${command.name}"${why.startsWith(':') ? '' : ' '}${why}`;
  const sentence = /[.?]$/.test(subject) ? subject : `${subject}.`;
  return new Failure('bad_request', { why: `${sentence} See "dumont ${command.name} --help".` });
}
