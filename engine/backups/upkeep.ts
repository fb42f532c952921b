import { Failure, isFailure, reasonOf } from '../domain/failures.ts';
import { imagePrefix, repositoryPrefix } from '../domain/layout.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports, StoredObject } from '../domain/ports.ts';
import { byAge, type Fate, newestGood, type Snapshot } from '../domain/snapshot.ts';
import { backupBytes, type Missed, noUpkeep, type Upkeep } from '../domain/upkeep.ts';
import type { Workspace } from '../domain/workspace.ts';
import { restlessness } from '../policy/calm.ts';
import { planOf } from '../policy/plan.ts';
import { neededNow, type RetentionSight, retention } from '../policy/retention.ts';
import {
  checkDue,
  compactionDue,
  copiesDue,
  drillDue,
  newestOf,
  type UpkeepSight,
  upkeepDue,
} from '../policy/upkeep.ts';
import { describe } from '../steps/describe.ts';
import { onlyAdopts } from '../steps/only-adopts.ts';
import { workspaceBell } from '../steps/step.ts';
import { update } from '../steps/update.ts';
import { forgetRemoved, intoVault } from '../steps/vault.ts';
import { drill } from './drill.ts';
import { leaveHeadStart } from './head-start.ts';
import { dropFormerKeys } from './rekey.ts';
import { leave, removeLeaving } from './removal.ts';
import { sweepImage } from './sweep-image.ts';

/** Workspaces whose backups are to be looked after now, those that waited longest first. */
export async function dueForUpkeep(ports: Ports): Promise<readonly string[]> {
  if (await onlyAdopts(ports)) return [];
  const [workspaces, snapshots, machines, upkeeps] = await Promise.all([
    ports.store.list('workspaces'),
    ports.store.list('snapshots'),
    ports.store.list('machines'),
    ports.store.list('upkeep'),
  ]);
  const ofWorkspace = ({ workspace }: { readonly workspace: string }): string => workspace;
  const snapshotsOf = Map.groupBy(snapshots, ofWorkspace);
  const machinesOf = Map.groupBy(machines, ofWorkspace);
  const upkeepOf = new Map(upkeeps.map((row) => [row.id, row]));
  const due = workspaces.flatMap(({ id, destroying }) => {
    if (destroying) return [];
    const upkeep = upkeepOf.get(id) ?? noUpkeep(id);
    const rest = restOf(machinesOf.get(id) ?? []);
    const sight = { upkeep, snapshots: snapshotsOf.get(id) ?? [], ...rest, now: ports.clock.now() };
    return upkeepDue(sight, ports.settings.upkeep) === null ? [] : [upkeep];
  });
  return due.toSorted((a, b) => a.triedAt - b.triedAt).map(({ id }) => id);
}

/**
 * Looks after the backups of one workspace: what is to go goes, and what is left is put together. Only what the catalogue
 * knows is touched, and only while nobody is in the way; else it is left for later, and nothing is lost by that.
 */
export async function upkeep(id: string, ports: Ports, signal: AbortSignal): Promise<void> {
  const workspace = await ports.store.read('workspaces', id);
  if (!workspace) return await forgetUpkeep(id, ports);
  let row = (await ports.store.read('upkeep', id)) ?? (await ports.store.save('upkeep', noUpkeep(id)));
  const note = async (facts: Partial<Upkeep>): Promise<void> => {
    row = (await update(ports.store, 'upkeep', id, (now) => ({ ...now, ...facts }))) ?? row;
  };
  await note({ triedAt: ports.clock.now() });
  const sight = await look(workspace, row, ports);
  try {
    await whileCalm(id, ports, signal, async (calm) => {
      await sweepLocks(workspace, ports, calm); // restic waits for an old lock as for any other
      const removed = await thin(workspace, ports, calm);
      if (removed > 0) await note({ removed: row.removed + removed });
      if ((await dropFormerKeys(workspace, ports, calm)) !== null) await note({ formerKeys: false });
      if (!compactionDue({ ...sight, upkeep: row }, ports.settings.upkeep)) return;
      await ports.repositories.compact(workspace, calm);
      await note({ removed: 0, compactedAt: ports.clock.now() });
      ports.log('repository.compacted', { workspace: id });
    });
    await describe(workspace, ports, signal);
    const left = { ...sight, upkeep: row, snapshots: await snapshotsOf(workspace, ports) };
    const names = copiesDue(
      ports.vaults.map(({ name }) => name),
      left,
      ports.settings.upkeep,
    );
    let damaged: string | null = null;
    if (names.length > 0) {
      const { damage, ...copied } = await copyOut(workspace, names, row, ports, signal);
      await note(copied);
      damaged = damage;
    }
    const [missed = null] = Object.values(row.missed ?? {});
    if (names.length > 0 && missed === null) await forgetRemoved(workspace, ports, signal);
    if (checkDue(left, ports.settings.upkeep)) {
      const [damage = null] = await ports.repositories.check(
        workspace,
        { readData: ports.settings.upkeep.checkPart },
        signal,
      );
      await note({ checkedAt: ports.clock.now(), damage });
    }
    const newest = newestGood(left.snapshots);
    if (newest && drillDue({ ...left, upkeep: row }, ports.settings.upkeep)) {
      const { at, snapshot, ok, why } = await drill(workspace, newest, ports, signal);
      await note({ drill: { at, snapshot, ok, why } });
    }
    const objects = await ports.storage.list(`${id}/`, signal);
    await leaveHeadStart(workspace, left, objects, ports, signal);
    await sweepImage(workspace, objects, ports, signal);
    await note({ hot: usageOf(id, objects, ports.clock.now()) });
    await note({
      damage: damaged ?? row.damage,
      waits: missed && { why: missed.why, since: missed.since, locked: false },
      doneAt: ports.clock.now(),
      sequence: newestOf(sight.snapshots),
    });
  } catch (cause) {
    signal.throwIfAborted();
    if (!isFailure(cause) || cause.code === 'fenced') throw cause;
    const why = reasonOf(cause);
    const expected = isFailure(cause, 'repository_locked', 'upkeep_waits');
    ports.log('upkeep.waits', { workspace: id, why }, expected ? 'DEBUG' : 'WARNING');
    const locked = isFailure(cause, 'repository_locked');
    const damage = isFailure(cause, 'repository_damaged') ? why : row.damage;
    await note({ damage, waits: { why, since: row.waits?.since ?? ports.clock.now(), locked } });
  }
}

/** Into these vaults. One that does not answer keeps nothing else from being done, nor is it asked every time. */
async function copyOut(workspace: Workspace, names: readonly string[], row: Upkeep, ports: Ports, signal: AbortSignal) {
  const { id } = workspace;
  const missed: Record<string, Missed> = {};
  let { vault } = row;
  let damage: string | null = null;
  for (const [index, into] of ports.vaults.entries()) {
    const { name } = into;
    const before = row.missed?.[name];
    const at = ports.clock.now();
    if (!names.includes(name)) {
      if (before) missed[name] = before;
      continue;
    }
    try {
      const { held: holds, ...done } = await intoVault(workspace, into, ports, signal);
      if (index === 0) vault = { ...holds, at: ports.clock.now() };
      ports.log('vault.copied', { workspace: id, into: name, ...done, ms: ports.clock.now() - at });
    } catch (cause) {
      signal.throwIfAborted();
      if (!isFailure(cause) || cause.code === 'fenced') throw cause;
      const why = reasonOf(cause);
      if (cause.code === 'repository_damaged') damage = why;
      missed[name] = { why, since: before?.since ?? at, at };
      ports.log('vault.missed', { workspace: id, into: name, why }, 'WARNING');
    }
  }
  return { vault, missed, damage };
}

/** What would stay and what would go right now, and why. Changes nothing. */
export async function fatesOf(workspace: Workspace, ports: Ports): Promise<readonly Fate[]> {
  return retention(await sightOf(workspace, ports), ports.settings);
}

/** Who would miss a snapshot that a person removes now; null when nobody would. */
export async function missedBy(snapshot: Snapshot, workspace: Workspace, ports: Ports): Promise<string | null> {
  const sight = await sightOf(workspace, ports);
  const awake = sight.machines.some(({ state }) => state !== 'releasing');
  const newest = sight.snapshots.filter(({ leaving }) => leaving === null).toSorted(byAge)[0];
  if (awake && newest?.id === snapshot.id) return 'its next backup builds on it';
  return neededNow(snapshot, sight);
}

async function sightOf(workspace: Workspace, ports: Ports): Promise<RetentionSight> {
  const mine = await snapshotsOf(workspace, ports);
  const row = await ports.store.read('upkeep', workspace.id);
  const machines = (await ports.store.list('machines')).filter(
    (machine) => machine.workspace === workspace.id && machine.state !== 'gone',
  );
  const said = machines.flatMap(({ id }) => ports.heartbeats.latest(id)?.status.taken ?? []);
  return {
    workspace,
    snapshots: mine,
    machines,
    named: new Set(said.map(({ snapshot }) => snapshot)),
    overLimit: backupBytes(row) > planOf(workspace.spec, ports.settings).storageBytesMax,
    now: ports.clock.now(),
  };
}

async function thin(workspace: Workspace, ports: Ports, signal: AbortSignal): Promise<number> {
  const going = (await fatesOf(workspace, ports)).filter(({ stays }) => !stays);
  const at = ports.clock.now();
  for (const { snapshot, why } of going) await leave([snapshot.id], { by: 'dumont', why, at }, ports, signal);
  const removed = await removeLeaving(workspace, ports, signal);
  if (removed > 0) ports.log('snapshots.removed', { workspace: workspace.id, removed });
  return removed;
}

/**
 * A lock is written anew every five minutes by whoever holds it, and who cannot do that ends by itself: one that is older
 * than half an hour is nobody's. A machine that ends without a word leaves one, and nothing could be taken out any more.
 */
async function sweepLocks(workspace: Workspace, ports: Ports, signal: AbortSignal): Promise<void> {
  const before = ports.clock.now() - ports.settings.upkeep.lockMs;
  const locks = await ports.storage.list(`${repositoryPrefix(workspace.id)}locks/`, signal);
  for (const { key } of locks.filter(({ writtenAt }) => writtenAt < before)) {
    await ports.storage.remove(key, signal);
    ports.log('lock.swept', { workspace: workspace.id, key });
  }
}

function usageOf(workspace: string, objects: readonly StoredObject[], at: number): Upkeep['hot'] {
  const bytesOf = (some: typeof objects): number => some.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const image = objects.filter(({ key }) => key.startsWith(imagePrefix(workspace)));
  return { bytes: bytesOf(objects), imageBytes: bytesOf(image), objects: objects.length, at };
}

async function look(workspace: Workspace, row: Upkeep, ports: Ports): Promise<UpkeepSight> {
  const machines = (await ports.store.list('machines')).filter((machine) => machine.workspace === workspace.id);
  return { upkeep: row, snapshots: await snapshotsOf(workspace, ports), ...restOf(machines), now: ports.clock.now() };
}

function restOf(machines: readonly Machine[]): Pick<UpkeepSight, 'asleep' | 'released'> {
  return {
    asleep: machines.every(({ state }) => state === 'gone' || state === 'paused'),
    released: machines.every(({ state }) => state === 'gone'),
  };
}

async function snapshotsOf({ id }: Workspace, ports: Ports): Promise<readonly Snapshot[]> {
  return (await ports.store.list('snapshots')).filter(({ workspace }) => workspace === id);
}

/** Stops the work as soon as somebody is about to restore or save. */
async function whileCalm(
  id: string,
  ports: Ports,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const demand = async (): Promise<void> => {
    const workspace = await ports.store.read('workspaces', id);
    const machines = (await ports.store.list('machines')).filter((machine) => machine.workspace === id);
    const why = workspace === null ? 'it is not known any more' : restlessness(workspace, machines);
    if (why) throw new Failure('upkeep_waits', { workspace: id, why });
  };
  await demand();
  const over = new AbortController();
  using ear = ports.bell.listen(workspaceBell(id));
  const listening = AbortSignal.any([signal, over.signal]);
  const watching = (async () => {
    for (;;) {
      await ear.wait(LOOK_MS, listening);
      await demand();
    }
  })();
  watching.catch((cause: unknown) => over.abort(cause));
  try {
    await work(listening);
  } finally {
    over.abort(new Error('it is over'));
    await watching.catch(() => undefined);
  }
}

const LOOK_MS = 2_000;

async function forgetUpkeep(id: string, ports: Ports): Promise<void> {
  const row = await ports.store.read('upkeep', id);
  if (row) await ports.store.remove('upkeep', row);
}
