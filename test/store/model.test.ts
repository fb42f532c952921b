import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Store } from '../../engine/domain/ports.ts';
import { openStore } from '../../engine/store/open-store.ts';
import { aWorkspace } from '../contracts/store-rows.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** A store as a person would describe it: rows by id, and the newest epoch. */
interface Model {
  readonly rows: Map<string, { version: number; owner: string; epoch: number; claim: string | null }>;
}

type Deed = { readonly act: (store: Store) => Promise<unknown>; readonly expected: (model: Model) => unknown };

const ids = fc.constantFrom('a', 'b');
const machines = fc.constantFrom('m1', 'm2', 'm3');

const save = fc.record({ id: ids, stale: fc.nat({ max: 5 }), owner: fc.string() }).map(({ id, stale, owner }): Deed => {
  // Now and then with a version that somebody else has replaced, or that never was.
  const wanted = (version: number): number =>
    stale === 0 ? Math.max(0, version - 1) : stale === 1 ? version + 1 : version;
  return {
    act: async (store) => {
      const stored = await store.read('workspaces', id);
      const row = { ...(stored ?? aWorkspace({ id })), owner, version: wanted(stored?.version ?? 0) };
      return (await store.save('workspaces', row)).version;
    },
    expected: ({ rows }) => {
      const row = rows.get(id) ?? { version: 0, owner: '', epoch: 0, claim: null };
      if (wanted(row.version) !== row.version) return 'row_changed';
      rows.set(id, { ...row, owner, version: row.version + 1 });
      return row.version + 1;
    },
  };
});

const remove = ids.map(
  (id): Deed => ({
    act: async (store) => {
      const stored = await store.read('workspaces', id);
      if (stored) await store.remove('workspaces', stored);
    },
    expected: ({ rows }) => void rows.delete(id),
  }),
);

const claim = fc.record({ id: ids, machine: machines }).map(
  ({ id, machine }): Deed => ({
    act: async (store) => await store.claim(id, machine, 1),
    expected: ({ rows }) => {
      const row = rows.get(id);
      if (!row) return 'no_such_workspace';
      if (row.claim === machine) return row.epoch;
      if (row.claim !== null) return null;
      rows.set(id, { ...row, claim: machine, epoch: row.epoch + 1, version: row.version + 1 });
      return row.epoch + 1;
    },
  }),
);

const unclaim = fc.record({ id: ids, machine: machines }).map(
  ({ id, machine }): Deed => ({
    act: async (store) => await store.unclaim(id, machine),
    expected: ({ rows }) => {
      const row = rows.get(id);
      if (row?.claim === machine) rows.set(id, { ...row, claim: null, version: row.version + 1 });
    },
  }),
);

const deeds = fc.array(fc.oneof({ weight: 3, arbitrary: save }, remove, claim, unclaim), { maxLength: 12 });
const lives = fc.array(fc.record({ deeds, end: fc.constantFrom('close', 'crash') }), { minLength: 1, maxLength: 5 });

test('whatever is saved, removed and claimed, through restarts and crashes, is what a plain model says', async () => {
  await fc.assert(
    fc.asyncProperty(lives, fc.integer({ min: 1, max: 4_000 }), async (all, foldBytes) => {
      const model: Model = { rows: new Map() };
      await using folders = new AsyncDisposableStack();
      let folder = folders.use(await temporaryFolder()).path;
      for (const { deeds: some, end } of all) {
        await using store = await openStore(folder, { foldBytes });
        await compare(store, model);
        for (const { act, expected } of some)
          expect(await act(store).catch((cause) => cause.code ?? cause)).toEqual(expected(model));
        await compare(store, model);
        if (end === 'crash') {
          // What lies on the disk at this moment, with the log in use and perhaps a snapshot half made.
          const next = folders.use(await temporaryFolder()).path;
          for (const name of await readdir(folder))
            if (!name.startsWith('lock')) await copyFile(join(folder, name), join(next, name)).catch(() => undefined);
          folder = next;
        }
      }
      await using store = await openStore(folder);
      await compare(store, model);
    }),
    { numRuns: 60 },
  );
});

async function compare(store: Store, model: Model): Promise<void> {
  const rows = await store.list('workspaces');
  const seen = rows.map(({ id, version, owner, epoch, claim: held }) => [
    id,
    { version, owner, epoch, claim: held?.machine ?? null },
  ]);
  expect(seen).toEqual([...model.rows]);
}

test('claims that race each other end as if they had come one after the other', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.boolean(), machines), { maxLength: 20 }), async (asks) => {
      await using folder = await temporaryFolder();
      await using store = await openStore(folder.path);
      await store.save('workspaces', aWorkspace());
      const epochs = await Promise.all(
        asks.map(async ([take, machine]) =>
          take ? await store.claim('lab', machine, 1) : await store.unclaim('lab', machine),
        ),
      );
      let held: string | null = null;
      let epoch = 0;
      for (const [index, [take, machine]] of asks.entries()) {
        if (!take) {
          if (held === machine) held = null;
          continue;
        }
        if (held === null) [held, epoch] = [machine, epoch + 1];
        expect(epochs[index]).toBe(held === machine ? epoch : null);
      }
    }),
    { numRuns: 60 },
  );
});
