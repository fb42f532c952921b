import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { RestoreOrder } from '../../engine/domain/agent-protocol.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { repositoryAccess } from '../../engine/steps/access.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { machineOn } from '../standins/r2/machine.ts';
import { standInForR2 } from '../standins/r2/r2.ts';
import { machineIn, openWorld, restoreOrder, type Saved, saveOnce, snapshotOf, treeOf } from './machine.ts';

vi.setConfig({ testTimeout: 120_000 });
const BACKUPS = 12;
const { signal } = new AbortController();

test.skipIf(resticProgram === null)(
  'with a head start a fresh machine asks storage for little more than its files; without, or with a bad one, it comes all the same',
  async () => {
    await using r2 = await standInForR2();
    await using control = await machineOn(r2.world);
    await using world = await openWorld();
    const repository = await repositoryAccess(control.workspace, { ...control, settings: DEFAULTS });
    const onR2 = { ...world, repository };
    const first = world.machine('first');
    await first.run('restore', restoreOrder(onR2));
    const folder = join(first.root, 'workspace/some/folders');
    mkdirSync(folder, { recursive: true });
    let saved: Saved | null = null;
    for (let i = 0; i < BACKUPS; i++) {
      writeFileSync(join(folder, `${i}.py`), `print(${i})\n`);
      saved = await saveOnce(onR2, first, { parent: saved?.snapshot ?? null, sequence: i + 1 });
    }
    const headStart = await control.repositories.headStart(control.workspace, saved!.snapshot!, signal);
    world.objects.set('/good', Buffer.from(headStart!));
    world.objects.set('/bad', Buffer.from('{"repository": 7}\n'));

    const asked = async (name: string, more: Partial<RestoreOrder>): Promise<number> => {
      const machine = machineIn(join(world.folder, name), resticProgram!);
      r2.counted();
      const order = restoreOrder(onR2, { epoch: 2, snapshot: snapshotOf(world, saved!), ...more });
      const events = await machine.run('restore', order);
      expect(events.at(-1)).toMatchObject({ event: 'complete', contentHash: saved!.contentHash });
      expect(treeOf(machine.root, ['opt'])).toEqual(treeOf(first.root, ['opt']));
      const { a, b } = r2.counted();
      return a + b;
    };
    const without = await asked('without', {});
    const given = await asked('given', { headStartUrl: world.url('good') });
    expect(without - given, 'an index and folders for each backup, and the snapshot').toBeGreaterThan(BACKUPS);
    expect(await asked('bad', { headStartUrl: world.url('bad') })).toBe(without);
    expect(await asked('refused', { headStartUrl: world.url('refused') })).toBe(without);
  },
);
