import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { makeClone } from '../../../engine/backups/clone.ts';
import { repositoryUrl } from '../../../engine/domain/layout.ts';
import type { Ports } from '../../../engine/domain/ports.ts';
import { anOperation } from '../../contracts/store-rows.ts';
import { ROOT } from '../../storage/storage-world.ts';
import { vaulted } from '../../storage/vault-world.ts';
import type { Table } from '../bench.ts';
import { measured } from './measured.ts';

const FILES = 20;
const FILE_BYTES = 8_000_000;
const LATENCY_MS = 60;
const { signal } = new AbortController();

/** What a clone stores, and what its own first backup adds. */
export async function clones(restic: string, say: (line: string) => void): Promise<Table> {
  say('a clone');
  await using w = await vaulted();
  const { machine, r2, store } = w;
  await store.save('workspaces', machine.workspace);
  const files = Array.from({ length: FILES }, (_, i) => [`${i}.bin`, randomBytes(FILE_BYTES / 2).toString('hex')]);
  const { id } = await w.backUp(Object.fromEntries(files));
  const stored = async (): Promise<number> => {
    const objects = await machine.storage.list('', signal);
    return objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / 1e6;
  };
  const rows: (readonly [string, number, number | '', number | '', number | ''])[] = [];
  rows.push([`${(FILES * FILE_BYTES) / 1e6} MB, backed up once`, await stored(), '', '', '']);

  const intent = { clone: { snapshot: id, into: 'copy' } };
  const asked = anOperation({ id: 'op9', workspace: 'lab', intent, endedAt: null, outcome: null });
  await store.save('operations', asked);
  r2.counted();
  r2.moved();
  r2.weather.latencyMs = LATENCY_MS;
  const began = performance.now();
  await makeClone('op9', { ...w.ports, tell: () => undefined } as unknown as Ports, signal);
  const seconds = (performance.now() - began) / 1_000;
  r2.weather.latencyMs = 0;
  const made = await store.read('workspaces', 'copy');
  if (!made) throw new Error(`the clone was not made: ${JSON.stringify(await store.read('operations', 'op9'))}`);
  const { a, b } = r2.counted();
  const { received, sent } = r2.moved();
  rows.push(['with a clone of it, copied inside storage', await stored(), seconds, a + b, (received + sent) / 1e6]);

  const { endpoint, bucket } = r2.world.place();
  const first = await measured(r2, {
    argv: [restic, 'backup', '--force', '--host', 'copy', 'work'],
    folder: machine.root,
    environment: {
      RESTIC_REPOSITORY: repositoryUrl(endpoint, bucket, 'copy'),
      RESTIC_PASSWORD: await machine.repositories.password(made),
      RESTIC_CACHE_DIR: join(r2.world.folder, 'cache-of-the-copy'),
      AWS_ACCESS_KEY_ID: ROOT.accessKeyId,
      AWS_SECRET_ACCESS_KEY: ROOT.secretAccessKey,
    },
  });
  const wire = (first.sentBytes + first.fetchedBytes) / 1e6;
  rows.push([
    "after the clone's own first backup, every byte read",
    await stored(),
    first.seconds,
    first.requests.a + first.requests.b,
    wire,
  ]);
  return {
    title: `What a clone stores, ${LATENCY_MS} ms to storage`,
    columns: ['what', 'MB stored', 's', 'requests', 'MB on the wire'],
    rows,
    note: 'A clone has a repository, and credentials, of its own: it stores what the original does. Only its own changes are sent. What went over the wire is what the control host reads back to compare.',
  };
}
