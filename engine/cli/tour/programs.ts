import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Failure } from '../../domain/failures.ts';

/** What the tour starts on this computer besides itself. git may be missing: then there is no commit to bring back. */
const NEEDED = ['ssh', 'ssh-keyscan', 'tar'] as const;

/** Says at once what would be missed later. */
export function demandPrograms(searchPath: string): void {
  const missing = NEEDED.filter((program) => !isFound(program, searchPath));
  if (missing.length === 0) return;
  const failure = new Failure('bad_setting', { why: '' });
  const [last, ...others] = missing.toReversed();
  const names = others.length === 0 ? last : `${others.toReversed().join(', ')} and ${last}`;
  failure.message = `The tour needs ${names}, which ${others.length === 0 ? 'is' : 'are'} not installed here.`;
  throw failure;
}

function isFound(program: string, searchPath: string): boolean {
  return searchPath.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
