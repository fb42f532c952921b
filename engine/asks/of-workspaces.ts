import { promised } from '../backups/made-of-snapshot.ts';
import type { Asked, Engine, ScheduleChoice } from '../domain/doors.ts';
import { Failure } from '../domain/failures.ts';
import type { Ports } from '../domain/ports.ts';
import { isZone, SCHEDULES_MAX, type Schedule, scheduleWords } from '../domain/schedule.ts';
import { specDefaults } from '../domain/spec-defaults.ts';
import { includeFault, newWorkspace, type Workspace, type WorkspaceSpec } from '../domain/workspace.ts';
import { faultInChoice } from '../policy/plan.ts';
import { mustBeNew, tryToDescribe } from '../steps/describe.ts';
import { onlyAdopts } from '../steps/only-adopts.ts';
import { rowsBell, workspaceBell } from '../steps/step.ts';
import { update } from '../steps/update.ts';
import type { Asking } from './asking.ts';
import { busy, checkName } from './checks.ts';
import type { Views } from './restores.ts';

type Asks = Pick<Engine, 'create' | 'configure' | 'share' | 'schedule' | 'unschedule' | 'destroy'>;

/** What people ask about a workspace itself: what it is, who may use it, and when it wakes. */
export function asksOfWorkspaces(views: Views, { noted }: Asking, ports: Ports): Asks {
  const { store, clock } = ports;

  return {
    async create(name, spec, asked) {
      checkName(name);
      checkIncludes(spec);
      const chosen = { ...specDefaults(ports.settings), ...spec };
      checkChoice(chosen);
      if ((await store.read('workspaces', name)) || (await promised(name, store)))
        throw new Failure('workspace_exists', { workspace: name });
      await mustBeNew(name, ports);
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

    async destroy(name, how, asked) {
      const known = await store.read('workspaces', name);
      if (await onlyAdopts(ports)) throw new Failure('recovery_unconfirmed');
      const workspace = known?.destroying ? known : await begunToPurge(await views.find(name), how, asked);
      await purged(workspace);
    },
  };

  /** It is written down before anything goes, so that it is gone on with whatever happens. */
  async function begunToPurge(workspace: Workspace, how: { readonly purge: boolean }, asked: Asked) {
    const { id: name } = workspace;
    const mine = (one: { readonly workspace: string }): boolean => one.workspace === name;
    const ours = (await store.list('machines')).find((machine) => mine(machine) && machine.state !== 'gone');
    if (workspace.wish.want !== 'asleep' || ours) throw busy(workspace, ours ?? null);
    const open = (one: { readonly workspace: string; readonly endedAt: number | null }): boolean =>
      mine(one) && one.endedAt === null;
    if ((await store.list('races')).some(open))
      throw new Failure('workspace_busy', { workspace: name, sight: 'going to sleep' });
    if ((await store.list('operations')).some((one) => open(one) && READERS.has(one.verb)))
      throw new Failure('workspace_busy', { workspace: name, sight: 'being copied or tried out' });
    const snapshots = (await store.list('snapshots')).filter(mine);
    if (!how.purge) {
      throw new Failure('confirmation_needed', {
        why: `This removes ${name} and its ${snapshots.length} snapshots for ever; say so with --purge.`,
      });
    }
    await noted('destroy', name, asked, `purged with ${snapshots.length} snapshots`);
    const begun = await update(store, 'workspaces', name, (row) => {
      if (row.destroying) return null;
      if (row.wish.want !== 'asleep') throw busy(row, null);
      return { ...row, destroying: { by: asked.by, at: clock.now() } };
    });
    return begun ?? workspace;
  }

  /** Whoever looks after its backups removes it, which may take longer than anybody waits. */
  async function purged({ id: name, createdAt }: Workspace): Promise<void> {
    const { signal } = new AbortController();
    for (const bell of [workspaceBell(name), rowsBell]) ports.bell.ring(bell);
    using ear = ports.bell.listen(workspaceBell(name));
    for (const until = clock.now() + WAIT_MS; ; ) {
      if ((await store.read('workspaces', name))?.createdAt !== createdAt) return;
      if (clock.now() >= until) throw new Failure('workspace_purged', { workspace: name });
      await ear.wait(until - clock.now(), signal);
    }
  }

  function checkChoice(spec: WorkspaceSpec): void {
    const fault = faultInChoice(spec, ports.settings);
    if (fault?.ofPlan) throw new Failure('not_in_plan', { plan: spec.plan, why: fault.why });
    if (fault) throw new Failure('bad_request', { why: fault.why });
  }
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

function checkIncludes({ include = [] }: Partial<WorkspaceSpec>): void {
  for (const path of include) {
    const why = includeFault(path);
    if (why) throw new Failure('bad_path', { path, why });
  }
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

/** What reads its repository without a machine. */
const READERS: ReadonlySet<string> = new Set(['clone', 'give', 'drill']);

const WAIT_MS = 20_000;
