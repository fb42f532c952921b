import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { seeded } from './seeded.ts';

const execute = promisify(execFile);
const KEPT = join(import.meta.dirname, '..', '..', '..', '.dumont', 'bench');
const LIST = join(import.meta.dirname, 'python-env.txt');

export interface Environment {
  readonly folder: string;
  /** What was put there, in words. */
  readonly what: string;
}

/**
 * A Python environment as people have it, installed by pip and kept for the next time. Where no package index answers it is
 * what Python itself brought: real too, and smaller.
 */
export async function pythonEnvironment(say: (line: string) => void): Promise<Environment> {
  const packages = readFileSync(LIST, 'utf8');
  const folder = join(KEPT, `python-${createHash('sha256').update(packages).digest('hex').slice(0, 12)}`);
  if (!existsSync(folder)) {
    const fresh = `${folder}.new`;
    rmSync(fresh, { recursive: true, force: true });
    await mkdir(KEPT, { recursive: true });
    say('installing a Python environment, once');
    await execute('python3', ['-m', 'venv', fresh]);
    const quiet = ['--quiet', '--no-compile', '--only-binary', ':all:', '--disable-pip-version-check'];
    try {
      await execute(join(fresh, 'bin/python'), ['-m', 'pip', 'install', ...quiet, '-r', LIST], MUCH);
    } catch (cause) {
      say(
        `no packages: ${String((cause as { stderr?: string }).stderr ?? cause)
          .trim()
          .split('\n')
          .at(-1)}`,
      );
      rmSync(fresh, { recursive: true, force: true });
      return { folder: await standardLibrary(), what: 'what Python itself brought' };
    }
    await without(fresh);
    renameSync(fresh, folder);
  }
  return { folder, what: `a venv with ${packages.trim().split('\n').length} packages` };
}

/** Copies of it what fits, in an order that is always the same. Returns whether that was all. */
export async function copyEnvironment(from: string, to: string, bytesMax: number): Promise<boolean> {
  const packages = packagesIn(from);
  const source = seeded('packages');
  const order = readdirSync(join(from, packages))
    .map((name) => ({ name, turn: source.below(2 ** 32) }))
    .toSorted((a, b) => a.turn - b.turn);
  await mkdir(join(to, packages), { recursive: true });
  let left = bytesMax;
  const fits: string[] = [];
  for (const { name } of order) {
    const bytes = bytesIn(join(from, packages, name));
    if (bytes > left) continue;
    left -= bytes;
    fits.push(name);
  }
  for (let at = 0; at < fits.length; at += 100) {
    const some = fits.slice(at, at + 100).map((name) => join(from, packages, name));
    await execute('cp', ['-a', ...some, join(to, packages)]);
  }
  return fits.length === order.length;
}

async function standardLibrary(): Promise<string> {
  const folder = join(KEPT, 'python-itself');
  if (existsSync(folder)) return folder;
  const { stdout } = await execute('python3', ['-c', 'import sysconfig; print(sysconfig.get_path("stdlib"))']);
  await mkdir(join(folder, 'lib'), { recursive: true });
  await execute('cp', ['-aL', stdout.trim(), join(folder, 'lib')]);
  await without(folder);
  return folder;
}

/** What a backup leaves out by default: both sides then save the same files. */
async function without(folder: string): Promise<void> {
  const names = ['__pycache__', 'node_modules', '*.pyc', '*.log'].flatMap((name) => ['-o', '-name', name]).slice(1);
  await execute('find', [folder, '(', ...names, ')', '-prune', '-exec', 'rm', '-rf', '{}', '+'], MUCH);
}

/** Below an environment: where its packages lie, one a directory. */
function packagesIn(folder: string): string {
  const [python = ''] = readdirSync(join(folder, 'lib')).filter((name) => name.startsWith('python'));
  const site = join('lib', python, 'site-packages');
  return existsSync(join(folder, site)) && readdirSync(join(folder, site)).length > 1 ? site : join('lib', python);
}

function bytesIn(path: string): number {
  const stat = lstatSync(path);
  if (!stat.isDirectory()) return stat.size;
  return readdirSync(path).reduce((sum, name) => sum + bytesIn(join(path, name)), 0);
}

const MUCH = { maxBuffer: 64 * 1024 * 1024 };
