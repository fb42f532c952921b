import { chownSync, readFileSync, renameSync, type Stats, writeFileSync } from 'node:fs';
import { type Place, STAGING } from './place.ts';

/**
 * The keys that open this machine were put there when it was rented, and are others than the last machine's: the engine and
 * the owner would lock themselves out. So both machines' keys count.
 */
export function isKeyFile(path: string): boolean {
  return path.endsWith('/.ssh/authorized_keys');
}

export function addKeys(place: Place, source: string, target: string, there: Stats): void {
  const here = readFileSync(place.at(target), 'utf8');
  const known = new Set(here.split('\n').map((line) => line.trim()));
  const more = readFileSync(place.at(source), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !known.has(line.trim()));
  if (more.length === 0) return;
  const text = [here.replace(/\n?$/, here === '' ? '' : '\n'), ...more.map((line) => `${line}\n`)].join('');
  const fresh = `${target}.${STAGING}`;
  writeFileSync(place.at(fresh), text, { mode: there.mode & 0o777, flush: true });
  if (process.getuid?.() === 0) chownSync(place.at(fresh), there.uid, there.gid);
  renameSync(place.at(fresh), place.at(target));
}
