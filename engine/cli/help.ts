import { asCalled, CALLED } from './called.ts';
import { COMMON, type Command, type Options, SHORT } from './command.ts';
import { GROUPS, wordsOf } from './commands.ts';
import type { Screen } from './screen.ts';
import { table } from './table.ts';

/** All commands, made from the table of verbs. */
export function overview({ width, paint }: Screen): string[] {
  const groups = GROUPS.flatMap(([title, names]) => [
    paint('bold', title),
    ...pairs(
      names.map((name) => ({ left: name, say: wordsOf(name) })),
      width,
      paint,
    ),
    '',
  ]);
  return [
    'Dumont: a GPU workspace that wakes in seconds, never loses a file, and costs nothing while you are away',
    '',
    `${paint('bold', 'dumont COMMAND')} [NAME] [options]`,
    '',
    ...groups,
    'dumont COMMAND --help says more about one; "npm start" starts the engine they talk to.',
  ];
}

/** One command, made from its own table. */
export function helpOf(command: Command, { width, paint }: Screen): string[] {
  const words = command.takes.map(({ name, optional }) => (optional ? `[${name}]` : name));
  const rest = command.rest === null ? [] : [`[-- ${command.rest}]`];
  const usage = ['dumont', command.name, ...words, '[options]', ...rest].join(' ');
  return [
    wordsOf(command.name),
    '',
    paint('bold', usage),
    '',
    ...pairs(
      command.takes.map(({ name, say }) => ({ left: name, say })),
      width,
      paint,
    ),
    ...(command.takes.length > 0 ? [''] : []),
    ...pairs([...optionRows(command.options), ...optionRows(COMMON)], width, paint),
    '',
    ...pairs(
      command.examples.map(([left, say]) => ({ left, say })),
      width,
      paint,
    ),
  ];
}

function optionRows(options: Options): { left: string; say: string }[] {
  const letters = Object.fromEntries(Object.entries(SHORT).map(([letter, name]) => [name, letter]));
  return Object.entries(options).map(([name, { value, say }]) => ({
    left: `${letters[name] ? `-${letters[name]}, ` : ''}--${name}${value ? ` ${value}` : ''}`,
    say,
  }));
}

function pairs(rows: readonly { left: string; say: string }[], width: number, paint: Screen['paint']): string[] {
  return table(
    [
      { title: '', of: (it) => asCalled(it.left, CALLED) },
      { title: '', of: (it) => asCalled(it.say, CALLED), min: 20, style: () => 'dim' },
    ],
    rows,
    { width: width - 2, paint, titles: false },
  ).map((line) => `  ${line}`);
}
