import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../domain/failures.ts';
import { didYouMean } from '../domain/near.ts';
import type { Described } from './command.ts';
import { loadCommand, NAMES, wordsOf } from './commands.ts';
import { engineClient } from './engine-client.ts';
import { readArgs } from './read-args.ts';
import type { Screen } from './screen.ts';

/** Finds the command in what was typed, runs it, and returns its exit code. */
export async function runCommand(argv: readonly string[], screen: Screen, signal: AbortSignal): Promise<number> {
  const at = argv.findIndex((word) => !word.startsWith('-'));
  const name = argv[at];
  if (argv[0] === '--version') return printVersion(screen);
  if (name === undefined || name === 'help') return await printHelp(name && argv[at + 1], screen);
  const command = await find(name);
  const args = readArgs(command, argv.toSpliced(at, 1));
  if (args.options.help) return await printHelp(name, screen);
  return await command.run({ ...args, engine: engineClient(), screen, signal, commands: describeAll });
}

async function describeAll(): Promise<readonly Described[]> {
  return await Promise.all(NAMES.map(async (name) => ({ command: await find(name), say: wordsOf(name) })));
}

async function find(name: string) {
  const command = await loadCommand(name);
  if (command) return command;
  const why = `There is no command "${name}".${didYouMean(name, NAMES)} "dumont --help" lists them all.`;
  throw new Failure('bad_request', { why });
}

async function printHelp(about: string | undefined, screen: Screen): Promise<number> {
  const { helpOf, overview } = await import('./help.ts');
  screen.print(...(about === undefined ? overview(screen) : helpOf(await find(about), screen)));
  return 0;
}

function printVersion(screen: Screen): number {
  const file = join(import.meta.dirname, '..', '..', 'package.json');
  screen.print(JSON.parse(readFileSync(file, 'utf8')).version);
  return 0;
}
