import { type Account, reaches, roleOn, type Token, type Who } from '../engine/domain/account.ts';
import type { Budget } from '../engine/domain/budget.ts';
import { reasonOf } from '../engine/domain/failures.ts';
import type { Machine } from '../engine/domain/lifecycle.ts';
import type { Operation } from '../engine/domain/operation.ts';
import type { Clock, Log, Store } from '../engine/domain/ports.ts';
import type { Report } from '../engine/domain/report.ts';
import type { Snapshot } from '../engine/domain/snapshot.ts';
import { type Sight, sightOf, type Workspace } from '../engine/domain/workspace.ts';

/**
 * What is suggested while people type. It is answered from here alone, so that no slow store makes them wait; whoever
 * submits is looked up again.
 */
export interface Memory extends AsyncDisposable {
  whose(discord: string): Who | null;
  accounts(): readonly Account[];
  workspaces(who: Who): readonly Remembered[];
  snapshots(who: Who, workspace: string): readonly Snapshot[];
  operations(who: Who): readonly Operation[];
  /** Those that this person may lift. */
  budgets(who: Who): readonly Budget[];
  reports(who: Who): readonly Report[];
  tokens(who: Who): readonly Token[];
  /** Looks again soon; many calls are one look. */
  stir(): void;
  /** Returns when the next look is over. */
  looked(): Promise<void>;
}

export interface Remembered {
  readonly workspace: Workspace;
  readonly sight: Sight;
  readonly machine: Machine | null;
}

const REST_MS = 250;
const LOOK_MS = 15_000;

export function createMemory(store: Store, clock: Clock, log: Log): Memory {
  const stop = new AbortController();
  let accounts: readonly Account[] = [];
  let workspaces: readonly Remembered[] = [];
  let snapshots: ReadonlyMap<string, readonly Snapshot[]> = new Map();
  let operations: readonly Operation[] = [];
  let budgets: readonly Budget[] = [];
  let reports: readonly Report[] = [];
  let tokens: readonly Token[] = [];
  let wake = Promise.withResolvers<void>();
  let looked = Promise.withResolvers<void>();

  async function look(): Promise<void> {
    const [people, places, machines, saved, asked, caps, planned, words] = await Promise.all([
      store.list('accounts'),
      store.list('workspaces'),
      store.list('machines'),
      store.list('snapshots'),
      store.list('operations'),
      store.list('budgets'),
      store.list('reports'),
      store.list('tokens'),
    ]);
    const byId = new Map(machines.map((machine) => [machine.id, machine]));
    accounts = people.filter(({ endedAt }) => endedAt === null);
    workspaces = places
      .map((workspace) => {
        const machine = (workspace.claim && byId.get(workspace.claim.machine)) ?? null;
        return { workspace, machine, sight: sightOf(workspace, machine) };
      })
      .toSorted((a, b) => (a.workspace.id < b.workspace.id ? -1 : 1));
    const newestFirst = saved.toSorted((a, b) => b.sequence - a.sequence);
    snapshots = Map.groupBy(newestFirst, ({ workspace }) => workspace);
    operations = asked.filter(({ endedAt }) => endedAt === null).toSorted((a, b) => b.at - a.at);
    budgets = caps.toSorted((a, b) => (a.id < b.id ? -1 : 1));
    reports = planned;
    tokens = words;
  }

  const loop = (async () => {
    while (!stop.signal.aborted) {
      await look().catch((cause: unknown) => log('discord.memory_stale', { why: reasonOf(cause) }, 'WARNING'));
      looked.resolve();
      looked = Promise.withResolvers();
      const rung = wake.promise;
      await Promise.race([rung, clock.sleep(LOOK_MS, stop.signal)]).catch(() => undefined);
      wake = Promise.withResolvers();
      await clock.sleep(REST_MS, stop.signal).catch(() => undefined);
    }
  })();

  return {
    whose(discord) {
      const account = accounts.find((one) => one.discord === discord);
      return account ? { name: account.id, role: account.role, workspaces: null, by: 'discord' } : null;
    },
    accounts: () => accounts,
    workspaces: (who) => workspaces.filter(({ workspace }) => roleOn(who, workspace) !== null),
    snapshots: (who, name) => (mayEnter(who, name) ? (snapshots.get(name) ?? []) : []),
    operations: (who) => operations.filter(({ workspace }) => mayEnter(who, workspace)),
    budgets: (who) =>
      budgets.filter(({ scope, of }) => {
        const place = scope === 'workspace' && workspaces.find(({ workspace }) => workspace.id === of);
        return place ? reaches(roleOn(who, place.workspace) ?? 'viewer', 'admin') : who.role === 'admin';
      }),
    reports: (who) => reports.filter(({ by }) => by === who.name || who.role === 'admin'),
    tokens: (who) => tokens.filter(({ account }) => account === who.name),
    stir: () => wake.resolve(),
    looked: async () => {
      wake.resolve();
      await looked.promise;
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('the bot stops'));
      wake.resolve();
      await loop;
    },
  };

  function mayEnter(who: Who, name: string): boolean {
    const found = workspaces.find(({ workspace }) => workspace.id === name);
    return found !== undefined && roleOn(who, found.workspace) !== null;
  }
}
