import { createHash } from 'node:crypto';
import { promised } from './backups/made-of-snapshot.ts';
import { dropFromTokens, leave } from './backups/removal.ts';
import { missedBy } from './backups/upkeep.ts';
import { reaches } from './domain/account.ts';
import { budgetId } from './domain/budget.ts';
import type { Asked, Engine, ScheduleChoice, StandbyView, WakeChoice } from './domain/doors.ts';
import { Failure, isFailure } from './domain/failures.ts';
import { descriptionPrefix, destroyedKey, vaultName } from './domain/layout.ts';
import { HOLDS_WORK } from './domain/lifecycle.ts';
import { dollars, perHour } from './domain/money.ts';
import type { Intent, Operation } from './domain/operation.ts';
import type { Ports } from './domain/ports.ts';
import { isZone, SCHEDULES_MAX, type Schedule, scheduleWords } from './domain/schedule.ts';
import type { Settings } from './domain/settings.ts';
import { newestGood, type Snapshot } from './domain/snapshot.ts';
import { specDefaults } from './domain/spec-defaults.ts';
import { VERBS } from './domain/verbs.ts';
import {
  includeFault,
  NO_CHOICE,
  newWorkspace,
  type Wish,
  WORKSPACE_NAME,
  type Workspace,
  type WorkspaceSpec,
} from './domain/workspace.ts';
import { budgetViews, removeBudget, setBudget } from './money/budgets.ts';
import { planReport, removeReport } from './money/reports.ts';
import { countLast } from './money/storage-books.ts';
import { faultInChoice } from './policy/plan.ts';
import type { Telling } from './process/telling.ts';
import { busy, checkHeld, createRestores } from './restores.ts';
import { standbyOf } from './standby.ts';
import { tryToDescribe } from './steps/describe.ts';
import { writeMetadata } from './steps/metadata.ts';
import { onlyAdopts } from './steps/only-adopts.ts';
import { carryOut } from './steps/operation.ts';
import { rowsBell, workspaceBell } from './steps/step.ts';
import { update } from './steps/update.ts';
import { createViews } from './views.ts';

/** What is asked becomes a wish in a row and a ring of the bell. Nothing here touches a machine. */
export function createEngine(ports: Ports, telling: Telling, identityFile: string | null): Engine {
  const { store, clock } = ports;
  const views = createViews(ports, identityFile);
  const { mayWake, mayBringBack, restorePlan, holderOf } = createRestores(views, ports);

  return {
    ...views,
    restorePlan,
    events: telling.events,
    lastTold: async () => telling.past(0, null, 1).at(-1)?.number ?? 0,
    past: async (after, workspace, limit) => telling.past(after, workspace, limit),

    async create(name, spec, asked) {
      checkName(name);
      checkIncludes(spec);
      const chosen = { ...specDefaults(ports.settings), ...spec };
      checkChoice(chosen);
      if ((await store.read('workspaces', name)) || (await promised(name, store)))
        throw new Failure('workspace_exists', { workspace: name });
      const { sealed } = await ports.repositories.newPassword();
      const workspace = newWorkspace(
        { id: name, owner: asked.by, spec: chosen, sequence: 0, sealedPassword: sealed },
        { by: asked.by, at: clock.now(), why: 'created', operation: '' },
      );
      await noted('create', name, asked, 'created');
      const saved = await store.save('workspaces', workspace);
      await tryToDescribe(saved, ports);
      return saved;
    },

    reports: async () => await store.list('reports'),
    async planReport(choice, asked) {
      const report = await planReport(choice, asked, ports);
      await record('report', report.id, asked, `${report.every} ${report.time} ${report.zone}`);
      return report;
    },
    async removeReport(id, asked) {
      await removeReport(id, ports);
      await record('report', id, asked, 'removed');
    },
    budgets: async () => await budgetViews(ports),
    async setBudget(choice, asked) {
      if (!(choice.micro > 0)) throw new Failure('bad_request', { why: 'A budget is more than nothing.' });
      const view = await setBudget(choice, asked, ports);
      await record('budget', budgetId(choice), asked, dollars(choice.micro));
      for (const bell of [workspaceBell(choice.of), rowsBell]) ports.bell.ring(bell);
      return view;
    },
    async removeBudget(id, asked) {
      await removeBudget(id, ports);
      await record('budget', id, asked, 'removed');
    },

    async wake(name, how, asked) {
      const { workspace, snapshot } = await mayWake(name, how);
      return await begin(how.snapshot === undefined ? 'wake' : 'restore', workspace, asked, (operation, at) => ({
        wish: {
          ...NO_CHOICE,
          ...choice(how, snapshot),
          want: 'awake',
          by: asked.by,
          at,
          why: 'asked for',
          operation,
        },
      }));
    },

    async hibernate(name, how, asked) {
      const workspace = await views.find(name);
      return await begin('hibernate', workspace, asked, (operation, at) => ({
        wish: {
          ...NO_CHOICE,
          want: 'asleep',
          by: asked.by,
          at,
          why: 'asked for',
          operation,
          agreedToLose: how.agreedToLose ?? [],
        },
      }));
    },

    async pause(name, asked) {
      const workspace = await views.find(name);
      const machine = await holderOf(workspace);
      if (machine?.state !== 'running') throw new Failure('no_such_machine', { workspace: name });
      if (!ports.marketplaces.get(machine.marketplace)?.pauses)
        throw new Failure('cannot_pause', { workspace: name, marketplace: machine.marketplace });
      return await begin('pause', workspace, asked, (operation, at) => ({
        wish: { ...NO_CHOICE, want: 'paused', by: asked.by, at, why: 'asked for', operation },
      }));
    },

    async snapshot(name, how, asked) {
      const workspace = await views.find(name);
      const machine = await holderOf(workspace);
      if (machine?.state !== 'running') throw new Failure('no_such_machine', { workspace: name });
      if (how.holds !== undefined) checkHeld(how.holds, workspace);
      return await begin('snapshot', workspace, asked, (operation, at) => ({
        ask: {
          operation,
          by: asked.by,
          at,
          description: how.description,
          tags: how.tags ?? [],
          extra: how.extra ?? {},
          type: how.type ?? 'SNAPSHOT',
        },
      }));
    },

    async bringBack(name, how, asked) {
      const { workspace, snapshot } = await mayBringBack(name, how);
      const { path, into } = how;
      if (into === null && !how.overwrite)
        throw new Failure('confirmation_needed', {
          why:
            `This puts ${path === null ? 'the files' : `/${path}`} of snapshot ${snapshot.id.slice(0, 8)} in the place of what is on the ` +
            'machine now. A checkpoint is taken first; files that were made since stay. Agree to it, or name another directory.',
        });
      return await begin('restore', workspace, asked, (operation, at) => ({
        fetch: { operation, by: asked.by, at, snapshot: snapshot.id, path, into, checkpoint: null },
      }));
    },

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
      await writeMetadata(changed, ports, AbortSignal.timeout(WRITE_MS));
      return changed;
    },

    async forget(name, prefix, how, asked) {
      const snapshot = await views.findSnapshot(name, prefix);
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
      return await begin('clone', workspace, asked, () => ({ clone: { snapshot: snapshot.id, into } }), into);
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

    async abandon(name, how, asked) {
      const workspace = await views.find(name);
      const machines = (await store.list('machines')).filter(
        (machine) => machine.workspace === name && HOLDS_WORK.has(machine.state),
      );
      if (machines.length === 0) throw new Failure('no_such_machine', { workspace: name });
      return await begin(
        'abandon',
        workspace,
        asked,
        (operation, at) => ({
          wish: {
            ...NO_CHOICE,
            want: 'asleep',
            by: asked.by,
            at,
            why: how.why,
            operation,
            abandon: { by: asked.by, why: how.why, at, machines: machines.map((machine) => machine.id) },
          },
        }),
        how.why,
      );
    },

    async configure(name, spec, asked) {
      const workspace = await views.find(name);
      checkIncludes(spec);
      if (CHOICES.some((field) => spec[field] !== undefined)) checkChoice({ ...workspace.spec, ...spec });
      await noted('configure', name, asked, changedIn(spec));
      const changed = await update(store, 'workspaces', name, (row) => {
        const next = { ...row.spec, ...spec };
        if (CHOICES.some((field) => spec[field] !== undefined)) checkChoice(next);
        return { ...row, spec: next };
      });
      ports.bell.ring(workspaceBell(name));
      if (changed) await tryToDescribe(changed, ports);
      return changed ?? workspace;
    },

    async keep(name, how, asked) {
      const workspace = await views.find(name);
      const { keepMsMax } = ports.settings.agent;
      if (how.forMs !== null && !(how.forMs > 0 && how.forMs <= keepMsMax))
        throw new Failure('bad_request', { why: `keep it for at most ${keepMsMax / HOUR} hours at once` });
      const at = clock.now();
      const keep = how.forMs === null ? null : { until: at + how.forMs, by: asked.by, why: how.why, at };
      await noted('keep', name, asked, keep ? new Date(keep.until).toISOString() : 'ended', how.why);
      const changed = await update(store, 'workspaces', name, (row) => ({ ...row, keep }));
      if (keep) ports.tell({ event: 'workspace.kept', workspace: name, by: asked.by, until: keep.until, why: how.why });
      ports.bell.ring(workspaceBell(name));
      return changed ?? workspace;
    },

    async standby(name) {
      const workspace = await views.find(name);
      return await standbyOf(workspace, await holderOf(workspace), ports);
    },

    async standBy(name, how, asked) {
      const workspace = await views.find(name);
      const view = await standbyOf(workspace, await holderOf(workspace), ports);
      const agreed = how.on ? agreedTo(view, how.agreedDollarsPerMonth) : null;
      await noted('standby', name, asked, how.on ? `on, up to $${agreed} a month` : 'off');
      const at = clock.now();
      const standby = agreed === null ? null : { by: asked.by, at, dollarsPerMonth: agreed };
      await update(store, 'workspaces', name, (row) => ({ ...row, standby }));
      ports.bell.ring(rowsBell);
      return { ...view, agreed: standby };
    },

    async schedule(name, how, asked) {
      const workspace = await views.find(name);
      await noted('schedule', name, asked, `${how.want} ${scheduleWords(how)}`);
      const changed = await update(store, 'workspaces', name, (row) => {
        const schedule = scheduleFrom(how, row.schedules, asked.by, clock.now());
        return { ...row, schedules: [...row.schedules.filter(({ id }) => id !== schedule.id), schedule] };
      });
      return changed ?? workspace;
    },

    async unschedule(name, id, asked) {
      const workspace = await views.find(name);
      if (!workspace.schedules.some((one) => one.id === id))
        throw new Failure('no_such_schedule', { schedule: id, workspace: name });
      await noted('schedule', name, asked, `${id}: ended`);
      const changed = await update(store, 'workspaces', name, (row) => ({
        ...row,
        schedules: row.schedules.filter((one) => one.id !== id),
      }));
      return changed ?? workspace;
    },

    async run(name, how, asked) {
      const workspace = await views.find(name);
      const machine = await holderOf(workspace);
      if (machine?.state !== 'running') throw new Failure('no_such_machine', { workspace: name });
      if (how.argv.length === 0) throw new Failure('bad_request', { why: 'Say what to run.' });
      const { argv, thenHibernate } = how;
      return await begin(
        'run',
        workspace,
        asked,
        (operation, at) => ({ job: { operation, by: asked.by, at, argv, thenHibernate, machine: null } }),
        argv.join(' '),
      );
    },

    async share(name, how, asked) {
      const workspace = await views.find(name);
      if (how.role !== null && !(await store.read('accounts', how.with)))
        throw new Failure('no_such_account', { account: how.with });
      await noted('share', name, asked, `${how.with}: ${how.role ?? 'no more'}`);
      const at = clock.now();
      const changed = await update(store, 'workspaces', name, (row) => ({
        ...row,
        shares: [
          ...row.shares.filter((share) => share.with !== how.with),
          ...(how.role === null ? [] : [{ with: how.with, role: how.role, by: asked.by, at }]),
        ],
      }));
      if (changed) await tryToDescribe(changed, ports);
      return changed ?? workspace;
    },

    async confirmRecovery(asked) {
      const alert = await store.read('alerts', 'recovered');
      if (!alert || alert.resolvedAt !== null) return false;
      await record('recover', 'installation', asked, 'confirmed');
      await store.save('alerts', { ...alert, resolvedAt: clock.now(), resolvedBy: asked.by });
      ports.bell.ring(rowsBell);
      return true;
    },

    async destroy(name, how, asked) {
      const workspace = await views.find(name);
      const ours = (await store.list('machines')).filter(
        (machine) => machine.workspace === name && machine.state !== 'gone',
      );
      if (await onlyAdopts(ports)) throw new Failure('recovery_unconfirmed');
      if (workspace.wish.want !== 'asleep' || ours[0]) throw busy(workspace, ours[0] ?? null);
      const snapshots = (await store.list('snapshots')).filter((snapshot) => snapshot.workspace === name);
      if (!how.purge) {
        throw new Failure('confirmation_needed', {
          why: `This removes ${name} and its ${snapshots.length} snapshots for ever; say so with --purge.`,
        });
      }
      await noted('destroy', name, asked, `purged with ${snapshots.length} snapshots`);
      const signal = AbortSignal.timeout(PURGE_MS);
      await ports.storage.put(destroyedKey(vaultName(workspace)), Buffer.from(''), signal);
      for (const prefix of [`${name}/`, descriptionPrefix(name)])
        for (const { key } of await ports.storage.list(prefix, signal)) await ports.storage.remove(key, signal);
      await countLast(workspace, ports);
      for (const snapshot of snapshots) await store.remove('snapshots', snapshot);
      const upkeep = await store.read('upkeep', name);
      if (upkeep) await store.remove('upkeep', upkeep);
      await dropFromTokens(name, store);
      await store.remove('workspaces', workspace);
    },
  };

  /** One operation for one key, however often it is asked. */
  async function begin(
    verb: string,
    workspace: Workspace,
    asked: Asked,
    intentOf: (operation: string, at: number) => Intent,
    why = '',
  ): Promise<Operation> {
    const id =
      asked.key === null
        ? ports.newId('op')
        : `op${createHash('sha256').update(`${asked.by}\n${asked.key}`).digest('hex').slice(0, 16)}`;
    const known = await store.read('operations', id);
    if (known) return sameAsk(known, verb, workspace.id, intentOf);
    // After everything that was asked before, also when the computer's clock was set back.
    const at = Math.max(clock.now(), workspace.wish.at + 1);
    const operation: Operation = {
      id,
      version: 0,
      key: asked.key,
      verb,
      workspace: workspace.id,
      by: asked.by,
      at,
      intent: intentOf(id, at),
      endedAt: null,
      outcome: null,
    };
    const saved = await store.save('operations', operation).catch(async (cause: unknown) => {
      const first = await store.read('operations', id);
      if (isFailure(cause, 'row_changed') && first) return sameAsk(first, verb, workspace.id, intentOf); // at the same moment
      throw cause;
    });
    await noted(verb, workspace.id, asked, id, why);
    await carryOut(saved, ports);
    await nudgeRaces(workspace.id);
    return saved;
  }

  function checkChoice(spec: WorkspaceSpec): void {
    const fault = faultInChoice(spec, ports.settings);
    if (fault?.ofPlan) throw new Failure('not_in_plan', { plan: spec.plan, why: fault.why });
    if (fault) throw new Failure('bad_request', { why: fault.why });
  }

  async function nudgeRaces(workspace: string): Promise<void> {
    for (const race of await store.list('races')) {
      if (race.workspace === workspace && race.endedAt === null) ports.bell.ring(`race/${race.id}`);
    }
  }

  /** Who decided what about a workspace stands in its own log too. */
  async function noted(verb: string, workspace: string, asked: Asked, result: string, why = ''): Promise<void> {
    await record(verb, workspace, asked, result, why);
    ports.log('workspace.asked', { workspace, by: asked.by, verb, result, ...(why !== '' && { why }) });
  }

  async function record(verb: string, on: string, asked: Asked, result: string, why = ''): Promise<void> {
    await ports.journals.append('audit', {
      at: clock.now(),
      by: asked.by,
      verb,
      on,
      result,
      why,
      ...(asked.from !== undefined && { from: asked.from }),
    });
  }
}

/** Nothing is put in reserve whose price a person has not seen. */
function agreedTo({ workspace, offer, dollarsPerMonth, why }: StandbyView, agreed: number | null): number {
  if (!offer || dollarsPerMonth === null) throw new Failure('no_standby', { why: why ?? '' });
  if (agreed !== null && agreed >= dollarsPerMonth) return dollarsPerMonth;
  throw new Failure('confirmation_needed', {
    why:
      `A standby for ${workspace} costs ${perHour(offer.dollarsPerHour)} while it is used, at most ` +
      `$${dollarsPerMonth.toFixed(2)} a month (${offer.marketplace}, ${offer.region}), and $${offer.dollarsPerGbUp} for each GB ` +
      'that it sends: its backups.',
  });
}

function scheduleFrom(how: ScheduleChoice, known: readonly Schedule[], by: string, now: number): Schedule {
  if (!isZone(how.zone)) throw new Failure('bad_request', { why: `"${how.zone}" is no time zone, like Europe/Lisbon` });
  if (how.days.length === 0) throw new Failure('bad_request', { why: 'Say on which days.' });
  const same = known.find((one) => one.want === how.want && scheduleWords(one) === scheduleWords(how));
  if (!same && known.length >= SCHEDULES_MAX)
    throw new Failure('bad_request', { why: `a workspace has at most ${SCHEDULES_MAX} schedules` });
  const taken = new Set(known.map(({ id }) => id));
  const free = Array.from({ length: SCHEDULES_MAX }, (_, at) => `s${at + 1}`).find((id) => !taken.has(id));
  return { ...how, id: same?.id ?? free ?? '', by, doneAt: now };
}

/** What became what, where that is nobody's secret. */
function changedIn(spec: Partial<WorkspaceSpec>): string {
  const names = Object.keys(spec) as (keyof WorkspaceSpec)[];
  return names
    .map((name) => (CHOICES.some((choice) => choice === name) ? `${name}: ${spec[name] ?? 'as the plan says'}` : name))
    .join(', ');
}

/** What a plan has a say in. */
const CHOICES = ['plan', 'backupEveryMs', 'retentionDays'] as const;

const WRITE_MS = 60_000;
const PURGE_MS = 10 * 60_000;
const HOUR = 3_600_000;

function checkName(name: string): void {
  if (WORKSPACE_NAME.test(name)) return;
  throw new Failure('bad_request', {
    why: `"${name}" is not a name for a workspace: small letters, digits and dashes, a letter first, 40 at most`,
  });
}

/** Whoever gets it could keep no second state of it. */
function checkRoom({ sizeBytes }: Snapshot, settings: Settings): void {
  const { storageBytesMax } = settings.plans[settings.plan];
  if (sizeBytes <= storageBytesMax) return;
  const why = `the snapshot has ${gigabytes(sizeBytes)} GB, and a new workspace holds ${gigabytes(storageBytesMax)} GB`;
  throw new Failure('not_in_plan', { plan: settings.plan, why });
}

const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(1);

function checkIncludes({ include = [] }: Partial<WorkspaceSpec>): void {
  for (const path of include) {
    const why = includeFault(path);
    if (why) throw new Failure('bad_path', { path, why });
  }
}

/** Whoever asks the same again gets what began then; who asks for something else under the same key is told. */
function sameAsk(
  known: Operation,
  verb: string,
  workspace: string,
  intentOf: (operation: string, at: number) => Intent,
): Operation {
  const same = known.intent === null || textOf(known.intent) === textOf(intentOf(known.id, known.at));
  if (known.verb === verb && known.workspace === workspace && same) return known;
  throw new Failure('key_reused', { key: known.key ?? '' });
}

/** Which machines it is about, and under which password, is not what a person said. */
const textOf = (intent: Intent): string =>
  JSON.stringify(intent, (key, value) => (key === 'machines' || key === 'sealedPassword' ? undefined : value));

function choice(how: WakeChoice, snapshot: Snapshot | null): Partial<Wish> {
  return { snapshot: snapshot?.id ?? null, need: how.need ?? {}, capDollars: how.capDollars ?? null };
}
