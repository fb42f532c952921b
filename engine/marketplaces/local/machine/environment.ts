import { join } from 'node:path';
import { type Chamber, SEARCH_PATH } from './chamber.ts';

/** What every program of a machine starts with: a login's own variables, then those that the order gave. */
export function environmentOf(
  chamber: Chamber,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return {
    HOME: join(chamber.prefix, '/root'),
    USER: 'root',
    LOGNAME: 'root',
    SHELL: '/bin/bash',
    PATH: SEARCH_PATH,
    LANG: 'C.UTF-8',
    LD_LIBRARY_PATH: join(chamber.prefix, '/run/nvidia/lib'),
    ...given,
  };
}
