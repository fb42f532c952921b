import { createHash } from 'node:crypto';
import { engineUnit } from './units.ts';
import { type File, resticFile, type Secrets, STATE_SECRETS, TUNNEL_TOKEN, type Wanted } from './wanted.ts';

/**
 * All that the engine is started with: its unit, settings and credentials, in a folder named after their content. One
 * link says which is in force, so a switch is one step and the way back is the same step.
 */
export interface Bundle {
  readonly folder: string;
  readonly files: readonly File[];
}

export function bundle(wanted: Wanted, secrets: Secrets): Bundle {
  const credentials = Object.keys(secrets)
    .filter((name) => !APART.has(name))
    .sort();
  const files: readonly File[] = [
    { path: 'dumont.service', mode: '0644', text: engineUnit(wanted, credentials) },
    { path: 'engine.env', mode: '0644', text: environment(wanted) },
    ...credentials.map((name): File => ({ path: `credentials/${name}`, mode: '0600', text: secrets[name]! })),
  ];
  const hash = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16);
  const folder = `/etc/dumont/versions/${hash}`;
  return { folder, files: files.map((file) => ({ ...file, path: `${folder}/${file.path}` })) };
}

const APART: ReadonlySet<string> = new Set([...STATE_SECRETS, TUNNEL_TOKEN]);

function environment(wanted: Wanted): string {
  const all = {
    DUMONT_HOME: '/var/lib/dumont',
    DUMONT_PORT: String(wanted.port),
    DUMONT_RESTIC: resticFile(wanted),
    NODE_COMPILE_CACHE: '/var/cache/dumont',
    ...wanted.settings,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}="${value.replace(/["\\$`]/g, '\\$&')}"\n`)
    .join('');
}
