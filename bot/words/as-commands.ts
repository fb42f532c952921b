import type { Facts } from '../../engine/domain/failures.ts';

/** The engine speaks of the terminal; here people type a slash. `NAME` is `workspace`, where it is known. */
export function asCommands(text: string, workspace = '…'): string {
  return text.replace(
    /"dumont (?!discord|login)(\w+)(?: (NAME|NOME|\.\.\.|[\w.-]+))?(?: --([\w-]+))?"/g,
    (_, verb: string, given?: string, flag?: string) => {
      const name = given === 'NAME' || given === 'NOME' || given === '...' ? workspace : given;
      const options = [...(name === undefined ? [] : [`workspace:${name}`]), ...(flag ? (FLAGS[flag] ?? []) : [])];
      return `"${[asCommand(verb), ...options].join(' ')}"`;
    },
  );
}

/** A verb of the engine is said as it is typed here. */
export const withCommand = (facts: Facts): Facts =>
  typeof facts.verb === 'string' ? { ...facts, verb: asCommand(facts.verb) } : facts;

const asCommand = (verb: string): string => `/${PATHS[verb] ?? verb}`;

/** Where a command is called otherwise than in the terminal. */
const PATHS: Readonly<Record<string, string>> = {
  create: 'machine create',
  destroy: 'machine destroy',
  pause: 'machine pause',
  resume: 'machine resume',
  snapshot: 'snapshot create',
  snapshots: 'snapshot list',
  pin: 'snapshot pin',
  clone: 'snapshot clone',
  files: 'snapshot files',
  drill: 'backup drill',
  report: 'report list',
  rekey: 'backup rekey',
};
const FLAGS: Readonly<Record<string, readonly string[]>> = { 'lose-excluded': ['lose:True'], end: ['end:True'] };
