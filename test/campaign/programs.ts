import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** A program on a machine, with its number on this computer. */
export interface Program {
  readonly pid: number;
  readonly argv: readonly string[];
}

/** Those that run on the machine with this root. */
export function programsOn(root: string): readonly Program[] {
  const home = statSync(join(root, HOME), { throwIfNoEntry: false });
  if (!home) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const seen = statSync(`/proc/${name}/root/${HOME}`);
        if (seen.ino !== home.ino || seen.dev !== home.dev) return [];
        const argv = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').slice(0, -1);
        return [{ pid: Number(name), argv }];
      } catch {
        return []; // it has ended
      }
    });
}

const HOME = 'opt/dumont';

const does =
  (verb: string) =>
  ({ argv }: Program): boolean =>
    argv.includes(verb) && argv.some((word) => word.endsWith('agent.mjs'));

/** Whom a fault may strike. */
export const VICTIMS = {
  agent: does('live'),
  backup: does('back-up'),
  save: does('save'),
  restore: does('restore'),
  restic: ({ argv }: Program): boolean => /(^|\/)restic$/.test(argv[0] ?? ''),
} as const;
