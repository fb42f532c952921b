import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What somebody works with who comes back. */
export interface Project {
  /** Modules of the environment. */
  readonly modules: readonly string[];
  readonly lastEdited: string;
}

/** Makes the sources a repository of git, as sources are, and sees what of the environment can be imported. */
export async function startProject(root: string): Promise<Project> {
  const folder = join(root, SOURCES);
  // Else a large tree is packed in the background, in the way of what packs it here.
  const who = ['-c', 'user.name=ana', '-c', 'user.email=ana@localhost', '-c', 'gc.auto=0'];
  for (const args of [
    ['init', '-q'],
    ['add', '.'],
    [...who, 'commit', '-qm', 'all'],
    ['gc', '-q'],
  ])
    await run('git', ['-C', folder, ...args]);
  const packages = readdirSync(packagesOf(root)).filter((name) => /^[a-z]+$/.test(name));
  const modules: string[] = [];
  for (const name of packages) {
    if (modules.length === MODULES) break;
    if (await imports(root, [name])) modules.push(name);
  }
  if (modules.length < MODULES) throw new Error(`of the environment only ${modules.join(', ') || 'nothing'} imports`);
  const edited = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.py'));
  return { modules, lastEdited: join(SOURCES, edited.at(-1)!) };
}

/** The environment's packages import, the last file opens, `git status` says that nothing changed. In seconds. */
export async function firstSteps(root: string, { modules, lastEdited }: Project): Promise<number> {
  const began = performance.now();
  await run('head', ['-c', '1', join(root, lastEdited)]);
  if (!(await imports(root, modules))) throw new Error('the environment does not import');
  const { stdout } = await run('git', ['-C', join(root, SOURCES), 'status', '--porcelain']);
  if (stdout !== '') throw new Error(`git sees changes: ${stdout.slice(0, 200)}`);
  return (performance.now() - began) / 1_000;
}

async function imports(root: string, modules: readonly string[]): Promise<boolean> {
  const argv = ['-B', '-c', `import ${modules.join(', ')}`];
  // biome-ignore lint/style/noProcessEnv: the search path of whoever measures.
  const env = { PATH: process.env.PATH ?? '', PYTHONPATH: packagesOf(root) };
  return await run('python3', argv, { env }).then(
    () => true,
    () => false,
  );
}

function packagesOf(root: string): string {
  const lib = join(root, 'workspace/venv/lib');
  const [python] = readdirSync(lib).filter((name) => name.startsWith('python'));
  return join(lib, python!, 'site-packages');
}

const SOURCES = 'workspace/project';
const MODULES = 5;
