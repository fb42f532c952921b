import { restoreOf } from '../backups/plans.ts';
import type { BringBackChoice, Engine, RestorePlan, RestorePlanChoice, WakeChoice } from '../domain/doors.ts';
import { Failure } from '../domain/failures.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports } from '../domain/ports.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Workspace } from '../domain/workspace.ts';
import { whyNotSpend } from '../money/budgets.ts';
import { onlyAdopts } from '../steps/only-adopts.ts';
import { storedLines } from '../steps/stored-backup.ts';
import { weigh } from '../steps/weigh.ts';
import { busy, checkHeld } from './checks.ts';
import { leftBehind } from './going-back.ts';

/** The part of what people can look at that asking needs. */
export type Views = Pick<Engine, 'findSnapshot' | 'snapshots' | 'quote'> & { find(name: string): Promise<Workspace> };

/** Nothing more is asked of a workspace that somebody purged. */
export function staying(views: Views): Views {
  const find = async (name: string): Promise<Workspace> => {
    const workspace = await views.find(name);
    if (workspace.destroying) throw new Failure('workspace_purged', { workspace: name });
    return workspace;
  };
  const findSnapshot: Views['findSnapshot'] = async (name, prefix) => {
    await find(name);
    return await views.findSnapshot(name, prefix);
  };
  return { ...views, find, findSnapshot };
}

export type Restores = ReturnType<typeof createRestores>;

/** What a restore is refused for, before anything is done; its dry run is refused for the same. */
export function createRestores(views: Views, ports: Ports) {
  const { store } = ports;

  /** Also what it leaves behind. Whether somebody agreed is not asked here. */
  async function mayWake(name: string, how: WakeChoice) {
    const workspace = await views.find(name);
    const spent = await whyNotSpend(name, ports);
    if (spent !== null) throw new Failure('budget_spent', { workspace: name, why: spent });
    const snapshot = how.snapshot === undefined ? null : await views.findSnapshot(name, how.snapshot);
    if (await onlyAdopts(ports)) throw new Failure('recovery_unconfirmed');
    const machine = await holderOf(workspace);
    if (snapshot && machine && machine.state !== 'releasing') throw busy(workspace, machine);
    const left =
      snapshot &&
      leftBehind(snapshot, workspace, await views.snapshots(name), {
        settings: ports.settings,
        now: ports.clock.now(),
      });
    return { workspace, snapshot, left };
  }

  /** Also what it would come back onto. Whether somebody agreed is not asked here. */
  async function mayBringBack(name: string, { snapshot: prefix, path, into }: Omit<BringBackChoice, 'overwrite'>) {
    const workspace = await views.find(name);
    const snapshot = await views.findSnapshot(name, prefix);
    const machine = await holderOf(workspace);
    if (machine?.state !== 'running') throw new Failure('no_such_machine', { workspace: name });
    if (path !== null) await mustHave(snapshot, path);
    if (into !== null) checkHeld(into, workspace);
    return { workspace, snapshot, machine };
  }

  return {
    mayWake,
    mayBringBack,
    holderOf,

    /** What it would bring and take the place of. Changes nothing; the machine itself is asked, where there is one. */
    async restorePlan(name: string, how: RestorePlanChoice, signal: AbortSignal): Promise<RestorePlan> {
      if (how.onto === 'new') {
        const { snapshot, left: setsAside } = await mayWake(name, how);
        const quote = await views.quote(name, how);
        const { fileCount: files = 0, sizeBytes: bytes = 0 } = snapshot ?? {};
        return { files, bytes, onMachine: null, setsAside, price: quote.restore, quote };
      }
      const { workspace, snapshot, machine } = await mayBringBack(name, how);
      const { files, bytes, ...onMachine } = await weigh(machine, workspace, { ...how, snapshot }, ports, signal);
      const price = restoreOf(bytes, false, ports.settings);
      return { files, bytes, onMachine, setsAside: null, price, quote: null };
    },
  };

  async function mustHave(snapshot: Snapshot, path: string): Promise<void> {
    const lines = await storedLines(snapshot, ports, AbortSignal.timeout(READ_MS));
    if (lines.some((line) => line.path === path || line.path.startsWith(`${path}/`))) return;
    throw new Failure('no_such_file', { path: `/${path}`, snapshot: snapshot.id.slice(0, 8) });
  }

  async function holderOf(workspace: Workspace): Promise<Machine | null> {
    return workspace.claim === null ? null : await store.read('machines', workspace.claim.machine);
  }
}

const READ_MS = 60_000;
