import { lstat, readlink } from 'node:fs/promises';
import { posix } from 'node:path';
import { isMissing } from '../../../files/whole-file.ts';

/**
 * Where a path of a machine lies for whoever stands outside. Links are followed here and now, because to the kernel an
 * absolute link inside the machine would lead out of it. The last part need not exist.
 */
export async function insidePath(root: string, path: string, last: 'follow' | 'keep' = 'follow'): Promise<string> {
  let rest = partsOf(posix.resolve(HOME, path));
  let found: string[] = [];
  for (let links = 0; rest.length > 0; ) {
    const [part = '', ...after] = rest;
    rest = after;
    if (part === '..') {
      found = found.slice(0, -1);
      continue;
    }
    const target = rest.length > 0 || last === 'follow' ? await linkAt([root, ...found, part].join('/')) : null;
    if (target === null) {
      found.push(part);
      continue;
    }
    if (++links > LINKS_MAX) throw Object.assign(new Error('too many links'), { code: 'ELOOP' });
    if (target.startsWith('/')) found = [];
    rest = [...partsOf(target), ...rest];
  }
  return [root, ...found].join('/');
}

const HOME = '/root';
const LINKS_MAX = 40;

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

async function linkAt(path: string): Promise<string | null> {
  try {
    return (await lstat(path)).isSymbolicLink() ? await readlink(path) : null;
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw cause;
  }
}
