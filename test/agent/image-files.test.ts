import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { repositoryAccess } from '../../engine/steps/access.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { machineOn } from '../standins/r2/machine.ts';
import { standInForR2 } from '../standins/r2/r2.ts';
import { openWorld, restoreOrder, saveOnce, snapshotOf, treeOf } from './machine.ts';

vi.setConfig({ testTimeout: 120_000 });
const MB = 1_000_000;
/** Critical and data, in two directories. */
const SAME = ['workspace/venv/lib/python3.11/site-packages/torch/libtorch.so', 'data/set.bin', 'workspace/small.bin'];
const OTHERS = ['workspace/model.bin', 'workspace/changed.bin'];

test.skipIf(resticProgram === null)(
  'of what the image holds already not a byte is fetched, whatever its time',
  async () => {
    await using r2 = await standInForR2();
    await using control = await machineOn(r2.world);
    await using world = await openWorld();
    const repository = await repositoryAccess(control.workspace, { ...control, settings: DEFAULTS });
    const onR2 = { ...world, repository };
    const first = world.machine('first');
    await first.run('restore', restoreOrder(onR2));
    for (const path of [...SAME, ...OTHERS]) {
      mkdirSync(dirname(join(first.root, path)), { recursive: true });
      writeFileSync(join(first.root, path), randomBytes(path.includes('small') ? MB : 20 * MB));
    }
    const saved = await saveOnce(onR2, first);
    const order = restoreOrder(onR2, { epoch: 2, snapshot: snapshotOf(world, saved) });

    const fetched = async (name: string, image: readonly string[]): Promise<number> => {
      const machine = world.machine(name);
      for (const path of image) {
        mkdirSync(dirname(join(machine.root, path)), { recursive: true });
        cpSync(join(first.root, path), join(machine.root, path));
        const { mtimeMs } = statSync(join(first.root, path));
        utimesSync(join(machine.root, path), 1e9, path === SAME[0] ? 1e9 : mtimeMs / 1_000);
      }
      // As large and as old, and another one.
      if (image.length > 0) writeFileSync(join(machine.root, 'workspace/changed.bin'), randomBytes(20 * MB));
      r2.moved();
      const events = await machine.run('restore', order);
      expect(events.at(-1)).toMatchObject({ event: 'complete', contentHash: saved.contentHash });
      expect(treeOf(machine.root, ['opt'])).toEqual(treeOf(first.root, ['opt']));
      return r2.moved().sent / MB;
    };
    expect(await fetched('bare', [])).toBeGreaterThan(81);
    const rest = await fetched('image', SAME);
    expect(rest).toBeGreaterThan(40);
    expect(rest).toBeLessThan(50); // of 81: packs come whole
  },
);
