import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { RESTIC_VERSION } from '../../engine/tools/restic-release.ts';

/** restic from DUMONT_RESTIC, the one that we brought, or from the PATH. Without one the tests that need it are skipped, and say so. */
export const resticProgram: string | null = find();

function find(): string | null {
  // biome-ignore lint/style/noProcessEnv: where the tools of whoever runs the tests are
  const { DUMONT_RESTIC, PATH = '' } = process.env;
  const own = join(import.meta.dirname, '..', '..', '.dumont', 'tools', `restic-${RESTIC_VERSION}`);
  const candidates = [DUMONT_RESTIC ?? '', own, ...PATH.split(delimiter).map((folder) => join(folder, 'restic'))];
  const found = candidates.find((file) => file !== '' && isProgram(file)) ?? null;
  if (found === null)
    console.warn(
      'SKIPPED: no restic in DUMONT_RESTIC, .dumont/tools or PATH, so nothing of backup and restore is tested here',
    );
  return found;
}

export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
