import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { resticProgram } from '../restic/which-restic.ts';
import { openWorld, restoreOrder, saveOnce, snapshotOf, treeOf } from './machine.ts';
import { make, tree } from './random-tree.ts';

test.skipIf(resticProgram === null)(
  'any tree comes back byte for byte, from a machine to another',
  async () => {
    await using world = await openWorld();
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(tree, tree, async (workspace, root) => {
        runs += 1;
        const [a, b] = [world.machine(`a${runs}`), world.machine(`b${runs}`)];
        await a.run('restore', restoreOrder(world));
        make(Buffer.from(join(a.root, 'workspace')), workspace, { last: null });
        make(Buffer.from(join(a.root, 'root')), root, { last: null });
        const before = treeOf(a.root, ['opt']);
        const saved = await saveOnce(world, a);
        expect(treeOf(a.root, ['opt'])).toEqual(before); // saving changes nothing
        const events = await b.run('restore', restoreOrder(world, { snapshot: snapshotOf(world, saved) }));
        expect(events.at(-1)).toMatchObject({ event: 'complete', contentHash: saved.contentHash });
        expect(treeOf(b.root, ['opt'])).toEqual(before);
        const again = await saveOnce(world, b, { parent: saved.snapshot });
        expect(again.contentHash).toBe(saved.contentHash);
      }),
      { numRuns: 2, endOnFailure: true },
    );
  },
  60_000,
);
