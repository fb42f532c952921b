import { lookWhetherRolledBack } from './backups/rolled-back.ts';
import { dueForUpkeep } from './backups/upkeep.ts';
import { Failure } from './domain/failures.ts';
import type { Fence, Ports } from './domain/ports.ts';
import type { Workspace } from './domain/workspace.ts';
import { drive } from './drive.ts';
import { keepBooks, readBills } from './money/books.ts';
import { watchBudgets, watchCredit } from './money/budgets.ts';
import { tellReports } from './money/reports.ts';
import { PARTS, type Parts } from './parts.ts';
import { watchIncreases } from './price-increases.ts';
import { watchAlerts } from './process/alerts.ts';
import { dueForPurge, purge } from './purge.ts';
import { runRace } from './race.ts';
import { reconcile } from './reconcile.ts';
import { report } from './report.ts';
import { rowsBell } from './steps/step.ts';
import { upkeepTurn, WORKERS } from './workers.ts';

type Work = (ports: Ports, signal: AbortSignal) => Promise<unknown>;

/**
 * Keeps one driver on every machine that is not gone and one on every open race, for ever. Each holds a lease; a driver
 * that fails is started again after a while, for as long as its machine bills us.
 */
export async function supervise(ports: Ports, signal: AbortSignal, parts: Parts = PARTS): Promise<void> {
  const holder = ports.newId('engine');
  const busy = new Map<string, Promise<void>>();
  using rows = ports.bell.listen(rowsBell);

  const keep = (name: string, work: Work): void => {
    if (busy.has(name)) return;
    busy.set(
      name,
      repeat(name, holder, work, ports, signal).finally(() => busy.delete(name)),
    );
  };
  const upkeeps = (): number => [...busy.keys()].filter((name) => name.startsWith(upkeepTurn(''))).length;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let booksReadAt = Number.NEGATIVE_INFINITY;
  const keepMoney = async (own: Ports, ownSignal: AbortSignal): Promise<void> => {
    await keepBooks(own);
    if (own.clock.now() - booksReadAt < own.settings.money.readMs) return;
    booksReadAt = own.clock.now();
    await readBills(own, ownSignal);
    await watchCredit(own, ownSignal);
    await watchIncreases(own, ownSignal);
  };
  const keepUp = async (): Promise<void> => {
    if (ports.clock.now() - lookedAt < Math.max(ports.settings.watch.lookMs, ports.settings.upkeep.retryMs)) return;
    lookedAt = ports.clock.now();
    await watchAlerts(ports);
    await watchBudgets(ports);
    await tellReports(ports);
    for (const id of await dueForUpkeep(ports)) {
      if (upkeeps() >= ports.settings.upkeep.atOnce) return;
      keep(upkeepTurn(id), async (own, ownSignal) => await parts.upkeep(id, own, ownSignal));
    }
  };
  const keepAll = async (): Promise<void> => {
    for (const { id, state } of await ports.store.list('machines')) {
      if (state !== 'gone') keep(`machine/${id}`, async (own, ownSignal) => await driveOnce(id, own, ownSignal, parts));
    }
    for (const { id, endedAt } of await ports.store.list('races')) {
      if (endedAt === null) keep(`race/${id}`, async (own, ownSignal) => await runRace(id, own, ownSignal, parts));
    }
    for (const operation of await ports.store.list('operations')) {
      const worker = WORKERS.get(operation.verb);
      if (operation.endedAt !== null || !worker) continue;
      keep(worker.turn(operation), async (own, ownSignal) => await worker.work(operation.id, own, ownSignal));
    }
    for (const id of await dueForPurge(ports))
      keep(upkeepTurn(id), async (own, ownSignal) => await purge(id, own, ownSignal));
    keep('books', keepMoney);
    await keepUp();
  };
  const lookBack = async (): Promise<void> => {
    const startedAt = ports.clock.now();
    const answered = new AbortController();
    let found: readonly Workspace[] | null = null;
    keep('rolled-back', async (own, ownSignal) => {
      found ??= await own.store.list('workspaces');
      await lookWhetherRolledBack(found, startedAt, own, ownSignal).finally(() => answered.abort(ENOUGH));
    });
    // Storage that is silent is asked again beside the rest: running machines do not wait for it.
    const either = AbortSignal.any([signal, answered.signal]);
    await ports.clock.sleep(LOOK_BACK_MS, either).catch(() => undefined);
  };
  try {
    await lookBack();
    for (;;) {
      signal.throwIfAborted();
      await reconcile(ports, signal).catch((cause: unknown) => report('reconcile.failed', cause, ports, signal));
      await keepAll().catch((cause: unknown) => report('supervise.failed', cause, ports, signal));
      await rows.wait(ports.settings.watch.lookMs, signal);
    }
  } finally {
    await Promise.allSettled(busy.values());
  }
}

const LOOK_BACK_MS = 10_000;

async function driveOnce(id: string, ports: Ports, signal: AbortSignal, parts: Parts): Promise<void> {
  const machine = await ports.store.read('machines', id);
  if (machine) await drive(machine, ports, signal, parts);
}

/** Does the work under a lease until it is done, again and again after failures. Ends without a word when the engine stops. */
async function repeat(name: string, holder: string, work: Work, ports: Ports, signal: AbortSignal): Promise<void> {
  const { retryMs, lease } = ports.settings;
  for (let failures = 0; !signal.aborted; ) {
    const startedAt = ports.clock.now();
    try {
      if (!(await ports.store.lease(name, holder, ports.clock.now(), lease.ms)))
        throw new Failure('fenced', { what: name });
      await underLease(name, holder, work, ports, signal);
      await ports.store.unlease(name, holder);
      return;
    } catch (cause) {
      if (signal.aborted) break;
      report('driver.failed', cause, ports, signal, { name, failures });
      // A driver that ran well for long starts its retries from the beginning.
      failures = ports.clock.now() - startedAt > 10 * (retryMs.at(-1) ?? 0) ? 0 : failures + 1;
      await ports.clock
        .sleep(retryMs[Math.min(failures, retryMs.length) - 1] ?? retryMs[0] ?? 1_000, signal)
        .catch(() => undefined);
    }
  }
  await ports.store.unlease(name, holder).catch(() => undefined);
}

/** Renews the lease while the work runs. When that fails the work's signal aborts well before the lease ends. */
async function underLease(name: string, holder: string, work: Work, ports: Ports, signal: AbortSignal): Promise<void> {
  const { ms, renewMs } = ports.settings.lease;
  const over = new AbortController();
  const fence: Fence = {
    check: async () => {
      if (over.signal.aborted || !(await ports.store.lease(name, holder, ports.clock.now(), ms)))
        throw new Failure('fenced', { what: name });
    },
  };
  const lost = new AbortController();
  const renewing = (async () => {
    for (;;) {
      await ports.clock.sleep(renewMs, over.signal);
      const late = ports.clock.sleep(ms - 2 * renewMs, over.signal).then(() => false);
      if (!(await Promise.race([ports.store.lease(name, holder, ports.clock.now(), ms), late]))) break;
    }
  })().then(
    () => lost.abort(new Failure('fenced', { what: name })),
    (cause: unknown) =>
      over.signal.aborted ? undefined : lost.abort(new Failure('fenced', { what: name }, { cause })),
  );
  try {
    await work({ ...ports, fence }, AbortSignal.any([signal, lost.signal]));
  } finally {
    over.abort(ENOUGH);
    await renewing;
  }
}

const ENOUGH = new Error('it is over');
