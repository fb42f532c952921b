import type { Entry } from '../walk.ts';

/** Equal for two looks at a thing that did not change. Of a directory only its mode counts: its entries say the rest. */
export function stampOf(entry: Omit<Entry, 'path' | 'target'>): string {
  const mode = entry.mode.toString(8);
  if (entry.type === 'dir') return `dir ${mode}`;
  return `${entry.type} ${mode} ${entry.size} ${entry.mtimeMs} ${entry.ctimeMs} ${entry.inode}`;
}
