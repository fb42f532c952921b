import type { Ports, StoredFile } from '../domain/ports.ts';
import { challengeOf, newestFirst } from '../policy/proof.ts';

/** Which of these files are read back out of storage now. `last`: nothing else holds them afterwards. */
export function challenge(
  files: readonly StoredFile[],
  { clock, settings, random }: Pick<Ports, 'clock' | 'settings' | 'random'>,
  how: { readonly last: boolean },
): readonly string[] {
  return challengeOf(newestFirst(files, clock.now()), settings.save, random, how);
}
