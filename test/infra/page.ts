import { execFile } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { DebianHost } from '../standins/debian/debian-host.ts';

const NOT_WELL = 69;
const ROOT = join(import.meta.dirname, '..', '..');

/** Whoever follows infra/README.md. */
export interface Reader {
  /** What is typed or copied where the page leaves it open, by the setting that it is for. */
  readonly types: Readonly<Record<string, string>>;
  /** Where the release goes, instead of into this repository. */
  readonly release: string;
  readonly path: string;
  up(config: Readonly<Record<string, string>>, secretKeys: readonly string[]): Promise<void>;
}

/**
 * Runs the commands of the page in their order, as they stand there, and returns what each printed. Pulumi's own command
 * line tool is not to be had everywhere: what its commands set is kept, and `up` runs the program through the SDK's entry.
 */
export async function runPage(reader: Reader): Promise<ReadonlyMap<string, string>> {
  const { env } = process;
  const sh = async (line: string): Promise<string> => {
    const environment = { ...env, PATH: `${reader.path}${delimiter}${env.PATH}` };
    const ran = await promisify(execFile)('sh', ['-c', line], { cwd: ROOT, env: environment }).catch((cause) => {
      // The doctor found something: nobody has confirmed the recovery key yet.
      if (line.endsWith(' dumont doctor') && cause.code === NOT_WELL) return cause as { stdout: string };
      throw cause;
    });
    return ran.stdout.trim();
  };
  const config: Record<string, string> = {};
  const secretKeys: string[] = [];
  const said = new Map<string, string>();
  for (const line of commandsOfPage()) {
    const [program, , verb] = line.split(' ');
    let out = '';
    if (line.startsWith('npx pulumi config set ')) {
      const words = await sh(`printf '%s\\n' ${line.slice('npx pulumi config set '.length)}`);
      const [key = '', value = ''] = words.split('\n').filter((word) => word !== '--secret');
      if (words.startsWith('--secret')) secretKeys.push(key);
      config[key] = reader.types[key] ?? value;
    } else if (line === 'npx pulumi up') await reader.up(config, secretKeys);
    else if (line === 'npx dumont deploy') out = await sh(`${line} --quiet --out ${reader.release}`);
    else if (program === 'ssh' || program === 'ssh-keyscan') out = await sh(line);
    else if (!(line.startsWith('npx pulumi ') && (verb === 'login' || verb === 'stack')))
      throw new Error(`nobody runs "${line}"`);
    said.set(line, out);
  }
  return said;
}

function commandsOfPage(): readonly string[] {
  const page = readFileSync(join(ROOT, 'infra', 'README.md'), 'utf8');
  return [...page.matchAll(/^\$ (.*?)(?: {2,}#.*)?$/gm)].map(([, line = '']) => line);
}

/** A folder for PATH, in which the page's address leads to this host. */
export function leadTo(debian: DebianHost, address: string, keyFile: string, folder: string): void {
  const options = ['-F', '/dev/null', '-i', keyFile, '-p', debian.port, '-o', `HostName=127.0.0.1`];
  const known = ['-o', `UserKnownHostsFile=${join(folder, 'known')}`, '-o', 'StrictHostKeyChecking=accept-new'];
  const scripts = {
    ssh: `exec /usr/bin/ssh ${[...options, ...known].join(' ')} "$@"`,
    'ssh-keyscan': `[ "$1" = ${address} ] && exec /usr/bin/ssh-keyscan -p ${debian.port} 127.0.0.1 2>/dev/null`,
  };
  for (const [name, line] of Object.entries(scripts)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${line}\n`);
    chmodSync(join(folder, name), 0o755);
  }
}
