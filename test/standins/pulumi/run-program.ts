import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';

export interface Program {
  readonly project: string;
  readonly stack: string;
  readonly root: string;
  readonly entry: string;
  readonly config: Readonly<Record<string, string>>;
  readonly secretKeys: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** As the language host calls it, with what it says in the environment. */
export async function runProgram(all: Program, port: number, preview: boolean, errors: string[]): Promise<number> {
  const script = createRequire(import.meta.url).resolve('@pulumi/pulumi/cmd/run/index.js');
  const address = `127.0.0.1:${port}`;
  const flags = {
    monitor: address,
    engine: address,
    project: all.project,
    stack: all.stack,
    'root-directory': all.root,
  };
  const argv = [
    script,
    ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]),
    ...['--pwd', all.root, '--parallel', '16', ...(preview ? ['--dry-run'] : []), all.entry],
  ];
  const env = {
    ...all.environment,
    PULUMI_CONFIG: JSON.stringify(all.config),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(all.secretKeys),
  };
  const child = spawn(process.execPath, argv, { cwd: all.root, env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0 && errors.length === 0) errors.push(said);
  return code ?? -1;
}
