import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeClone } from '../../engine/backups/clone.ts';
import { leave, removeLeaving } from '../../engine/backups/removal.ts';
import { repositoryPrefix } from '../../engine/domain/layout.ts';
import * as restic from '../../engine/restic/commands.ts';
import { mend } from '../../engine/steps/vault.ts';
import { anOperation } from '../contracts/store-rows.ts';
import { resticProgram } from '../restic/which-restic.ts';
import { REACH } from '../standins/r2/machine.ts';
import { vaulted } from './vault-world.ts';

const { signal } = new AbortController();
const HISTORIES = 4;
/** However short a life was, something is taken out before all that is kept is looked at. */
const LAST_STEPS: readonly Step[] = [{ do: 'back up' }, { do: 'thin', keep: 0 }, { do: 'compact' }];
/** A life makes no more: each is a repository of its own. */
const CLONES = 2;

type Tree = Readonly<Record<string, string>>;
type Step =
  | { readonly do: 'write'; readonly path: string; readonly text: string }
  | { readonly do: 'remove'; readonly path: string }
  | { readonly do: 'back up' | 'compact' | 'copy' | 'damage' }
  | { readonly do: 'thin'; readonly keep: number }
  | { readonly do: 'restore' | 'restore a part' | 'clone'; readonly which: number };

const path = fc.constantFrom('a.py', 'b.bin', 'deep/c.py', 'deep/er/d', 'two words');
/** Some large enough to be cut into several pieces, and many with pieces in common. */
const text = fc
  .tuple(fc.constantFrom('x', 'yz', 'abc'), fc.integer({ min: 0, max: 400_000 }))
  .map(([s, n]) => s.repeat(n));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const), path, text }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), path }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('back up' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('thin' as const), keep: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('compact' as const, 'copy' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('damage' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('restore' as const, 'restore a part' as const, 'clone' as const),
      which: fc.nat(9),
    }),
  },
);

test.skipIf(resticProgram === null)(
  'whatever is edited, backed up, thinned, compacted, copied, cloned, damaged and mended: every kept snapshot restores to its tree',
  { timeout: 240_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 12, maxLength: 30 }), live),
      { numRuns: HISTORIES, endOnFailure: true }, // each takes seconds
    );
  },
);

/** One life of a repository, with a model of what each snapshot holds beside it. */
async function live(steps: readonly Step[]): Promise<void> {
  await using w = await vaulted();
  const { machine, store, ports } = w;
  const work = join(machine.root, 'work');
  let tree: Tree = {};
  const kept = new Map<string, Tree>();
  /** Everything there is lies in the vault as well. */
  let copied = false;

  const clones: { readonly id: string; readonly tree: Tree }[] = [];
  await store.save('workspaces', machine.workspace);

  /** All of it, or what lies below one of its folders. */
  const restored = async (id: string, below = ''): Promise<void> => {
    const target = join(machine.root, `back-${id}`);
    const order = { ...REACH, snapshot: id, folder: `/work/${below}`, target, only: null };
    const { code, words } = await machine.run(restic.restore(order), true);
    expect([code, words]).toEqual([0, '']);
    expect(treeOf(target)).toEqual(partOf(kept.get(id) ?? {}, below));
    rmSync(target, { recursive: true });
  };

  /** Read by the control host: no machine has credentials for it yet. */
  const isWhole = async ({ id, tree }: { readonly id: string; readonly tree: Tree }): Promise<void> => {
    const workspace = (await store.read('workspaces', id))!;
    const [own] = (await store.list('snapshots')).filter((snapshot) => snapshot.workspace === id);
    const hashes = Object.entries(tree).map(([name, text]) => [`work/${name}`, sha256(text)] as const);
    const paths = hashes.map(([name]) => name);
    const files = await machine.repositories.files(workspace, own?.id ?? '', signal);
    expect(files.map(({ path }) => path).toSorted()).toEqual(paths.toSorted());
    const what = { paths, whole: true };
    const { digests } = await machine.repositories.restoreHere(workspace, own?.id ?? '', what, signal);
    expect(new Map([...digests].toSorted())).toEqual(new Map(hashes.toSorted()));
  };

  for (const one of [...steps, ...LAST_STEPS]) {
    if (one.do === 'write') {
      mkdirSync(dirname(join(work, one.path)), { recursive: true });
      writeFileSync(join(work, one.path), one.text);
      tree = { ...tree, [one.path]: one.text };
    } else if (one.do === 'remove') {
      rmSync(join(work, one.path), { force: true });
      const { [one.path]: _, ...left } = tree;
      tree = left;
    } else if (one.do === 'back up') {
      const { id } = await w.enter(tree);
      kept.set(id, tree);
      copied = false;
    } else if (one.do === 'thin') {
      const ids = [...kept.keys()];
      const going = ids.slice(0, -1).filter((_, i) => (i + one.keep) % 2 === 0);
      await leave(going, { by: 'dumont', why: 'a test', at: Date.now() }, ports, signal);
      await removeLeaving(machine.workspace, ports, signal);
      for (const id of going) kept.delete(id);
    } else if (one.do === 'compact') {
      await machine.repositories.compact(machine.workspace, signal);
      copied = false;
    } else if (one.do === 'copy' && kept.size > 0) {
      await w.copy();
      copied = true;
    } else if (one.do === 'damage' && copied) {
      const [first] = await w.keys(machine.storage, 'data/');
      await machine.storage.put(first ?? '', Buffer.from('garbage'), signal);
      for (const key of await w.keys(machine.storage, 'snapshots/')) await machine.storage.remove(key, signal);
      expect(await mend(machine.workspace, ports, signal)).toBeGreaterThan(0);
    } else if (one.do === 'restore' && kept.size > 0) {
      await restored([...kept.keys()][one.which % kept.size] ?? '');
    } else if (one.do === 'restore a part' && kept.size > 0) {
      const [id = '', whole = {}] = [...kept][one.which % kept.size] ?? [];
      if (Object.keys(partOf(whole, 'deep/')).length > 0) await restored(id, 'deep/');
    } else if (one.do === 'clone' && kept.size > 0 && clones.length < CLONES) {
      const [snapshot = '', whole = {}] = [...kept][one.which % kept.size] ?? [];
      const [id, into] = [`clone-${clones.length}`, `copy${clones.length}`];
      const asked = anOperation({
        id,
        workspace: 'lab',
        intent: { clone: { snapshot, into } },
        endedAt: null,
        outcome: null,
      });
      await store.save('operations', asked);
      await makeClone(id, ports, signal);
      expect((await store.read('operations', id))?.outcome).toMatchObject({ ok: true });
      clones.push({ id: into, tree: whole });
    }
  }

  for (const clone of clones) await isWhole(clone);

  for (const id of kept.keys()) await restored(id);
  const names = (await w.keys(machine.storage, 'snapshots/')).map((key) =>
    key.slice(`${repositoryPrefix('lab')}snapshots/`.length),
  );
  expect(names.toSorted()).toEqual([...kept.keys()].toSorted());
  const mine = (await store.list('snapshots')).filter(({ workspace }) => workspace === 'lab');
  expect(mine.map(({ id }) => id).toSorted()).toEqual(names.toSorted());
  const { lines } = await machine.run(restic.check(REACH, '100%'), true);
  if (kept.size > 0) expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ num_errors: 0 });
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What lies below a folder, by the names it has there. */
function partOf(tree: Tree, below: string): Tree {
  const inside = Object.entries(tree).filter(([name]) => name.startsWith(below));
  return Object.fromEntries(inside.map(([name, text]) => [name.slice(below.length), text]));
}

function treeOf(folder: string): Tree {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map((entry) => {
      const file = join(entry.parentPath, entry.name);
      return [relative(folder, file), readFileSync(file, 'utf8')];
    }),
  );
}
