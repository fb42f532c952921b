import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** restic from DUMONT_RESTIC or from the PATH. Without one the tests that need it are skipped, and say so. */
export const resticProgram: string | null = find();

function find(): string | null {
  // biome-ignore lint/style/noProcessEnv: where the tools of whoever runs the tests are
  const { DUMONT_RESTIC, PATH = '' } = process.env;
  const candidates = [DUMONT_RESTIC ?? '', ...PATH.split(delimiter).map((folder) => join(folder, 'restic'))];
  const found = candidates.find((file) => file !== '' && isProgram(file)) ?? null;
  if (found === null)
    console.warn('SKIPPED: no restic in DUMONT_RESTIC or PATH, so nothing of backup and restore is tested here');
  return found;
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
