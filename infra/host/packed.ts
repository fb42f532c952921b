import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Failure } from '../../engine/domain/failures.ts';
import type { Release } from './wanted.ts';

/** The release that `npx dumont deploy` packed. */
export function packedRelease(file: string): Release {
  try {
    return { file, sha256: createHash('sha256').update(readFileSync(file)).digest('hex') };
  } catch (cause) {
    throw new Failure(
      'bad_setting',
      { why: `  release: there is no ${file}; "npx dumont deploy" packs it` },
      { cause },
    );
  }
}
