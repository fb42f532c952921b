import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { resticProgram } from '../../restic/which-restic.ts';
import { type Machine, openWorld, restoreOrder, saveOnce, saveOrder, snapshotOf, treeOf } from '../machine.ts';
import { make, type Thing, tree } from '../random-tree.ts';

/** What became of the image of an earlier backup. */
const fate = fc.constantFrom<((image: string) => void)[]>(
  () => undefined,
  (image) => rmSync(image, { recursive: true }),
  (image) => writeFileSync(join(image, 'manifest'), 'nothing'),
  (image) => {
    const segments = readdirSync(image, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('/'));
    if (segments[0]) rmSync(join(image, segments[0]));
  },
);

test.skipIf(resticProgram === null)(
  'any tree wakes as it was, whatever became of the image of an earlier one',
  async () => {
    await using world = await openWorld();
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(tree, tree, tree, fate, async (before, workspace, root, spoil) => {
        runs += 1;
        const [a, b] = [world.machine(`a${runs}`), world.machine(`b${runs}`)];
        await a.run('restore', restoreOrder(world));
        lay(a, 'workspace', before);
        lay(a, 'root', root);
        const agent = a.start('save', saveOrder(world, { mode: 'last', imageMs: 60_000 }));
        await agent.until('saved');
        agent.say({ say: 'verdict', processes: 'keep-stopped' });
        await agent.until('image_written');
        await agent.ended;
        rmSync(join(a.root, 'workspace'), { recursive: true });
        lay(a, 'workspace', workspace);
        spoil(join(world.repository.url, 'image'));
        const now = treeOf(a.root, ['opt']);
        const saved = await saveOnce(world, a, { sequence: 2 });
        const events = await b.run('restore', restoreOrder(world, { snapshot: snapshotOf(world, saved), image: true }));
        expect(events.at(-1)).toMatchObject({ event: 'complete', contentHash: saved.contentHash });
        expect(treeOf(b.root, ['opt'])).toEqual(now);
      }),
      { numRuns: 4, endOnFailure: true },
    );
  },
  120_000,
);

function lay(machine: Machine, folder: string, things: Thing): void {
  make(Buffer.from(join(machine.root, folder)), things, { last: null });
}
