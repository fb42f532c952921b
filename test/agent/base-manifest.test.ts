import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packManifest } from '../../engine/agent/manifest.ts';
import { placeAt } from '../../engine/agent/place.ts';
import { keepWhole, wholeManifest } from '../../engine/agent/whole-manifests.ts';
import { contentHash } from '../../engine/policy/content-hash.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { manifestIn, openWorld, restoreOrder, saveOnce, snapshotOf, treeOf } from './machine.ts';

test.skipIf(resticProgram === null)(
  'a snapshot whose manifest is a change of another one comes back whole, and is refused with a damaged base',
  async () => {
    await using world = await openWorld();
    const a = world.machine('a');
    await a.run('restore', restoreOrder(world));
    const work = join(a.root, 'workspace');
    for (let n = 0; n < 60; n++) writeFileSync(join(work, `file ${n}`), `${n}`);
    const first = await saveOnce(world, a, { manifestUrl: world.url('whole') });
    writeFileSync(join(work, 'file 7'), 'changed');
    rmSync(join(work, 'file 8'));
    writeFileSync(join(work, 'new'), 'new');
    const second = await saveOnce(world, a, { parent: first.snapshot, manifestUrl: world.url('own') });
    const lines = manifestIn(world, 'whole');
    const base = { id: first.snapshot!, contentHash: first.contentHash, lines };
    const change = await packManifest(manifestIn(world, 'own'), base);
    expect(change.base).toBe(first.snapshot);
    world.objects.set('/own', change.bytes);

    const snapshot = { ...snapshotOf(world, second, 'own'), baseUrl: world.url('whole') };
    const b = world.machine('b');
    const events = await b.run('restore', restoreOrder(world, { snapshot }));
    expect(events.at(-1)).toMatchObject({ event: 'complete', contentHash: second.contentHash });
    expect(treeOf(b.root, ['opt'])).toEqual(treeOf(a.root, ['opt']));
    // The next backup compares with what was restored, and the same restore goes on without storage.
    const again = await saveOnce(world, b, { parent: second.snapshot });
    expect(again).toMatchObject({ contentHash: second.contentHash, parent: second.snapshot });

    world.objects.set('/whole', (await packManifest(lines.slice(1))).bytes);
    const damaged = await world.machine('c').run('restore', restoreOrder(world, { snapshot }));
    expect(damaged.at(-1)).toMatchObject({ event: 'failed', code: 'restore_differs' });
  },
);

test('the last few whole manifests are kept, and one that is torn is none', async () => {
  const root = mkdtempSync(join(tmpdir(), 'dumont-whole-'));
  try {
    mkdirSync(join(root, 'opt/dumont'), { recursive: true });
    const place = placeAt(root, join(root, 'opt/dumont'), '/nowhere', null);
    const lines = [{ path: 'a', type: 'dir' as const, mode: 0o755, mtimeMs: 0, sizeBytes: 0 }];
    const { bytes } = await packManifest(lines);
    const ids = ['1', '2', '3', '4', '5'].map((digit) => digit.repeat(64));
    for (const id of ids) keepWhole(place, id, bytes);
    expect(wholeManifest(place, ids[4]!)).toEqual({ id: ids[4], contentHash: contentHash(lines), lines });
    expect(ids.filter((id) => wholeManifest(place, id) !== null)).toHaveLength(3);
    keepWhole(place, ids[4]!, bytes.subarray(0, 20));
    expect(wholeManifest(place, ids[4]!)).toBeNull();
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
