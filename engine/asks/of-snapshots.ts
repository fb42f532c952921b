import { leave } from '../backups/removal.ts';
import { missedBy } from '../backups/upkeep.ts';
import { reaches } from '../domain/account.ts';
import type { Engine } from '../domain/doors.ts';
import { Failure } from '../domain/failures.ts';
import type { Ports } from '../domain/ports.ts';
import type { Settings } from '../domain/settings.ts';
import { newestGood, type Snapshot } from '../domain/snapshot.ts';
import { VERBS } from '../domain/verbs.ts';
import { mustBeNew } from '../steps/describe.ts';
import { writePin } from '../steps/metadata.ts';
import { onlyAdopts } from '../steps/only-adopts.ts';
import { rowsBell } from '../steps/step.ts';
import { update } from '../steps/update.ts';
import type { Asking } from './asking.ts';
import { checkName } from './checks.ts';
import type { Views } from './restores.ts';

type Asks = Pick<Engine, 'pin' | 'forget' | 'clone' | 'give' | 'drill' | 'rekey'>;

/** What people ask about what lies in storage. */
export function asksOfSnapshots(views: Views, { begin, noted }: Asking, ports: Ports): Asks {
  const { store, clock } = ports;

  return {
    async pin(name, prefix, how, asked) {
      const snapshot = await views.findSnapshot(name, prefix);
      const at = clock.now();
      const pinOf = ({ pinned }: Snapshot) => {
        if (!how.pinned) return null;
        return how.why === '' && pinned ? pinned : { by: asked.by, why: how.why, at }; // what was said still holds
      };
      await noted('pin', name, asked, `${snapshot.id.slice(0, 8)}${how.pinned ? '' : ': no more'}`, how.why);
      const changed = await update(store, 'snapshots', snapshot.id, (row) =>
        row.leaving ? null : { ...row, pinned: pinOf(row) },
      );
      if (!changed || changed.leaving) throw new Failure('no_such_snapshot', { snapshot: prefix, workspace: name });
      await writePin(changed, ports, AbortSignal.timeout(WRITE_MS));
      return changed;
    },

    async forget(name, prefix, how, asked) {
      const snapshot = await views.findSnapshot(name, prefix);
      if (await onlyAdopts(ports)) throw new Failure('recovery_unconfirmed');
      const short = snapshot.id.slice(0, 8);
      if (snapshot.pinned)
        throw new Failure('snapshot_pinned', { snapshot: short, by: snapshot.pinned.by, workspace: name });
      const why = await missedBy(snapshot, await views.find(name), ports);
      if (why) throw new Failure('snapshot_in_use', { snapshot: short, why });
      const newest = newestGood(await views.snapshots(name));
      if (newest?.id === snapshot.id && !how.newest)
        throw new Failure('confirmation_needed', {
          why: `The next wake of ${name} starts from ${short}, the newest good one; without it from an older one, or from nothing. Say so with --newest.`,
        });
      await noted('forget', name, asked, short, how.why);
      const decision = { by: asked.by, why: how.why || 'asked for', at: clock.now() };
      await leave([snapshot.id], decision, ports, AbortSignal.timeout(WRITE_MS));
      ports.bell.ring(rowsBell);
      return snapshot;
    },

    async clone(name, prefix, { into }, asked) {
      checkName(into);
      const workspace = await views.find(name);
      const snapshot = await views.findSnapshot(name, prefix);
      if (snapshot.status !== 'COMPLETED') throw new Failure('no_such_snapshot', { snapshot: prefix, workspace: name });
      const known = await store.read('workspaces', into);
      if (await onlyAdopts(ports)) throw new Failure('recovery_unconfirmed');
      // Asked again under the same key it is there already, by that very operation.
      if (known && asked.key === null) throw new Failure('workspace_exists', { workspace: into });
      if (!known) await mustBeNew(into, ports);
      if (workspace.owner === asked.by)
        return await begin('clone', workspace, asked, () => ({ clone: { snapshot: snapshot.id, into } }), into);
      // Nobody else gets the key or the secrets of its owner, an admin neither.
      checkRoom(snapshot, ports.settings);
      const { sealed } = await ports.repositories.newPassword();
      const gift = { snapshot: snapshot.id, to: asked.by, into, sealedPassword: sealed };
      return await begin('clone', workspace, asked, () => ({ give: gift }), into);
    },

    async give(name, prefix, { to, into }, asked) {
      checkName(into);
      const workspace = await views.find(name);
      const snapshot = await views.findSnapshot(name, prefix);
      if (snapshot.status !== 'COMPLETED') throw new Failure('no_such_snapshot', { snapshot: prefix, workspace: name });
      const account = await store.read('accounts', to);
      if (!account || account.endedAt !== null) throw new Failure('no_such_account', { account: to });
      if (await onlyAdopts(ports)) throw new Failure('recovery_unconfirmed');
      const { role: needed } = VERBS.create;
      if (!reaches(account.role, needed)) throw new Failure('forbidden', { account: to, verb: 'create', needed });
      checkRoom(snapshot, ports.settings);
      const known = await store.read('workspaces', into);
      if (known && asked.key === null) throw new Failure('workspace_exists', { workspace: into });
      if (!known) await mustBeNew(into, ports);
      const { sealed } = await ports.repositories.newPassword();
      const gift = { snapshot: snapshot.id, to, into, sealedPassword: sealed };
      return await begin('give', workspace, asked, () => ({ give: gift }), `to ${to} as ${into}`);
    },

    async drill(name, { snapshot: prefix }, asked) {
      const workspace = await views.find(name);
      const snapshot =
        prefix === null ? newestGood(await views.snapshots(name)) : await views.findSnapshot(name, prefix);
      if (snapshot?.status !== 'COMPLETED') throw new Failure('no_good_snapshot', { workspace: name, when: '' });
      return await begin('drill', workspace, asked, () => ({ drill: { snapshot: snapshot.id } }), snapshot.id);
    },

    async rekey(name, asked) {
      const workspace = await views.find(name);
      if (await onlyAdopts(ports)) throw new Failure('recovery_unconfirmed');
      const { sealed } = await ports.repositories.newPassword();
      return await begin('rekey', workspace, asked, () => ({ rekey: { sealedPassword: sealed } }));
    },
  };
}

/** Whoever gets it could keep no second state of it. */
function checkRoom({ sizeBytes }: Snapshot, settings: Settings): void {
  const { storageBytesMax } = settings.plans[settings.plan];
  if (sizeBytes <= storageBytesMax) return;
  const why = `the snapshot has ${gigabytes(sizeBytes)} GB, and a new workspace holds ${gigabytes(storageBytesMax)} GB`;
  throw new Failure('not_in_plan', { plan: settings.plan, why });
}

const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);

const WRITE_MS = 60_000;
