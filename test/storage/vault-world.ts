import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import type { ManifestLine } from '../../engine/domain/agent-protocol.ts';
import { manifestKey, repositoryPrefix } from '../../engine/domain/layout.ts';
import type { Ports, Storage } from '../../engine/domain/ports.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import type { Snapshot } from '../../engine/domain/snapshot.ts';
import { contentHash } from '../../engine/policy/content-hash.ts';
import * as restic from '../../engine/restic/commands.ts';
import { writeMetadata } from '../../engine/steps/metadata.ts';
import { intoVault } from '../../engine/steps/vault.ts';
import { resticRepositories } from '../../engine/storage/repositories.ts';
import { s3Storage } from '../../engine/storage/s3.ts';
import { aSnapshot } from '../contracts/store-rows.ts';
import { FakeStore } from '../fakes/store.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { MASTER_KEY, machineOn, REACH, type ResticMachine } from '../standins/r2/machine.ts';
import { standInForR2 } from '../standins/r2/r2.ts';
import { ROOT } from './storage-world.ts';

const { signal } = new AbortController();
export const DAY_MS = 24 * 3_600_000;

/** A workspace on the stand-in with a catalogue, a vault beside it, and a control host that copies. */
export async function vaulted() {
  await using opening = new AsyncDisposableStack();
  const r2 = opening.use(await standInForR2());
  const machine = opening.use(await machineOn(r2.world));
  const place = { ...r2.world.place('vault'), parent: { ...ROOT, account: 'local' }, now: Date.now };
  const storage = opening.use(s3Storage(place));
  const folder = join(r2.world.folder, 'vault-control');
  mkdirSync(folder);
  const options = { restic: resticProgram ?? '', storage, masterKey: MASTER_KEY, folder, now: Date.now };
  const repositories = resticRepositories({ ...options, connections: 8, log: () => undefined });
  const store = new FakeStore();
  const told: unknown[] = [];
  const clock = { aheadMs: 0 };
  const vault = { name: 'vault', storage, repositories, lockMs: DAY_MS } as const;
  const ports = {
    settings: { ...DEFAULTS, installation: 'test' },
    clock: { now: () => Date.now() + clock.aheadMs },
    random: () => 0.5,
    store,
    storage: machine.storage,
    repositories: machine.repositories,
    vaults: [vault],
    log: () => undefined,
    seal: MASTER_KEY.seal,
    unseal: (sealed: string) => MASTER_KEY.open(sealed, '-'),
    tell: (talk: unknown) => told.push(talk),
  } as unknown as Ports;
  await r2.world.storage.setLocks('vault', [
    { id: 'vault', enabled: true, prefix: '', condition: { type: 'Age', maxAgeSeconds: DAY_MS / 1_000 } },
  ]);
  let sequence = 0;
  /** A backup of these files, which are what there is, with its list and its row, as the engine enters it. */
  const enter = async (tree: Readonly<Record<string, string>>): Promise<Snapshot> => {
    const lines = Object.entries(tree)
      .toSorted()
      .map(([name, text]): ManifestLine => {
        const sha256 = createHash('sha256').update(text).digest('hex');
        return { path: `work/${name}`, type: 'file', mode: 0o644, mtimeMs: 0, sizeBytes: text.length, sha256 };
      });
    const id = await machine.backUp();
    sequence += 1;
    const hash = contentHash(lines);
    const at = Date.now();
    const row = aSnapshot({
      id,
      kind: 'automatic',
      contentHash: hash,
      sequence,
      fileCount: lines.length,
      provedAt: at,
    });
    const manifest = gzipSync(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await machine.storage.put(manifestKey('lab', id), manifest, signal);
    await writeMetadata(row, ports, signal);
    return await store.save('snapshots', row);
  };
  /** Writes these and backs up. */
  const backUp = async (files: Readonly<Record<string, string>>): Promise<Snapshot> => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(machine.root, 'work', name), text);
    Object.assign(known, files);
    return await enter(known);
  };
  const known: Record<string, string> = {};
  const opened = opening.move();
  return {
    r2,
    machine,
    vault,
    ports,
    store,
    inVault: { ...machine.workspace, id: 'lab.1' },
    told,
    clock,
    enter,
    backUp,
    copy: async () => await intoVault(machine.workspace, vault, ports, signal),
    keys: async (where: Storage, folder = '') =>
      (await where.list(`${repositoryPrefix(where === storage ? 'lab.1' : 'lab')}${folder}`, signal))
        .map(({ key }) => key.replace('lab.1/', 'lab/'))
        .toSorted(),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

/** The machine's restic brings the snapshot back, and everything in it is as it was. */
export async function restores(machine: ResticMachine, id: string): Promise<void> {
  const { code, words } = await machine.run(
    restic.restore({ ...REACH, snapshot: id, folder: '/work', target: join(machine.root, `back-${id}`), only: null }),
    true,
  );
  expect([code, words]).toEqual([0, '']);
  const { lines } = await machine.run(restic.check(REACH, '100%'), true);
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ num_errors: 0 });
}
