import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Packed } from './tar.ts';

/** What runs on a control host, and what says which packages it needs. Tests and the Pulumi program stay here. */
const PARTS = ['engine', 'bot', 'package.json', 'package-lock.json', 'LICENSE'];

export function releaseFiles(root: string): readonly Packed[] {
  const there = PARTS.filter((part) => existsSync(join(root, part)));
  const paths = there.flatMap((part) => (isFile(join(root, part)) ? [part] : globSync(`${part}/**/*`, { cwd: root })));
  return paths
    .filter((path) => isFile(join(root, path)))
    .map((path) => {
      const file = join(root, path);
      return { path, bytes: readFileSync(file), executable: (statSync(file).mode & 0o100) !== 0 };
    });
}

function isFile(path: string): boolean {
  return statSync(path).isFile();
}
