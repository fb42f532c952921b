import type { BadLine } from '../domain/agent-shapes.ts';
import { wirePath } from '../domain/wire-path.ts';
import type { Scope } from './scope.ts';

/** The lines of ignore files that can never match anything, for whoever wrote them. Something else may bear that name. */
export function badLinesOf(scope: Pick<Scope, 'badLines'>): BadLine[] {
  const said = scope.badLines().slice(0, LINES_SAID);
  return said.map(({ file, number, line, why }) => ({
    file: wirePath(file),
    number,
    line: wirePath(line.slice(0, BYTES_SAID)),
    why,
  }));
}

const LINES_SAID = 50;
const BYTES_SAID = 200;
