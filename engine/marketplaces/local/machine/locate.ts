import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** The full path of a program, or null when it is in none of the folders. */
export function locate(name: string, searchPath: string): string | null {
  for (const folder of searchPath.split(':')) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // not here
    }
  }
  return null;
}
