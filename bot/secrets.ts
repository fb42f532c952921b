import { COMMANDS } from './commands.ts';
import type { Values, What } from './interaction.ts';

/** What was given, without what may hold a secret. */
export function shownOptions(path: string, options: Values): Values {
  const known = COMMANDS.get(path)?.options ?? {};
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [name, known[name]?.secret ? HIDDEN : value]),
  );
}

/** The same, for the log. */
export function shownWhat(what: What): object {
  if (what.kind === 'suggest') return { kind: what.kind, path: what.path, option: what.option };
  return 'options' in what ? { ...what, options: shownOptions(what.path, what.options) } : what;
}

const HIDDEN = '…';
