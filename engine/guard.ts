import { type Role, reaches, roleOn, type Who } from './domain/account.ts';
import type { BudgetChoice } from './domain/budget.ts';
import type { Engine } from './domain/doors.ts';
import { Failure } from './domain/failures.ts';
import type { Told } from './domain/journals.ts';
import type { Operation } from './domain/operation.ts';
import type { Store } from './domain/ports.ts';
import { VERBS, type VerbName } from './domain/verbs.ts';
import type { Workspace } from './domain/workspace.ts';
import { viewOfDrills } from './policy/drill.ts';

/**
 * The engine as one person sees it: their own workspaces, those shared with them, and what their role allows there. Every way
 * in asks through this, so that none of them can forget to. To whoever may not see it a workspace does not exist.
 */
export function engineFor(who: Who, engine: Engine, store: Store): Engine {
  /** Any call about one workspace, which is always its first word. */
  const on =
    <A extends [name: string, ...rest: never[]], R>(verb: VerbName, call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      await allowOn(verb, args[0]);
      return await call(...args);
    };
  const anywhere =
    <A extends never[], R>(verb: VerbName, call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      demand(who, verb, who.role);
      return await call(...args);
    };

  return {
    create: anywhere('create', async (name, spec, asked) => {
      if (who.workspaces && !who.workspaces.includes(name)) throw forbidden(who, 'create', 'operator');
      return await engine.create(name, spec, asked);
    }),
    wake: async (name, how, asked) => {
      await allowOn(how.snapshot === undefined ? 'wake' : 'restore', name);
      return await engine.wake(name, how, asked);
    },
    hibernate: on('hibernate', engine.hibernate),
    pause: on('pause', engine.pause),
    snapshot: on('snapshot', engine.snapshot),
    bringBack: on('restore', engine.bringBack),
    restorePlan: on('restore', engine.restorePlan),
    abandon: on('abandon', engine.abandon),
    configure: on('configure', engine.configure),
    keep: on('keep', engine.keep),
    standby: on('status', engine.standby),
    standBy: on('standby', engine.standBy),
    schedule: on('schedule', engine.schedule),
    unschedule: on('schedule', engine.unschedule),
    run: on('run', engine.run),
    share: on('share', engine.share),
    destroy: on('destroy', engine.destroy),
    confirmRecovery: anywhere('recover', engine.confirmRecovery),
    atRisk: on('status', engine.atRisk),
    snapshots: on('snapshots', engine.snapshots),
    findSnapshot: on('snapshots', engine.findSnapshot),
    backups: on('snapshots', engine.backups),
    findBackup: on('snapshots', engine.findBackup),
    files: on('files', engine.files),
    diff: on('files', engine.diff),
    download: on('restore', engine.download),
    retention: on('snapshots', engine.retention),
    pin: on('pin', engine.pin),
    drill: on('drill', engine.drill),
    rekey: on('rekey', engine.rekey),
    forget: on('forget', engine.forget),
    async clone(name, snapshot, how, asked) {
      await allowOn('clone', name);
      demand(who, 'create', who.role);
      if (who.workspaces && !who.workspaces.includes(how.into)) throw forbidden(who, 'create', 'operator');
      return await engine.clone(name, snapshot, how, asked);
    },
    async give(name, snapshot, how, asked) {
      await allowOn('give', name);
      if (who.workspaces) throw new Failure('limited_token', { verb: 'give' });
      return await engine.give(name, snapshot, how, asked);
    },
    quote: on('wake', engine.quote),
    ssh: on('ssh', engine.ssh),
    offers: anywhere('offers', engine.offers),
    hosts: anywhere('hosts', engine.hosts),
    health: anywhere('status', engine.health),
    lastTold: engine.lastTold,

    async drills(name) {
      if (name !== null) await allowOn('snapshots', name);
      const { all } = await engine.drills(name);
      const mine = await Promise.all(all.map(mayKnow));
      return viewOfDrills(all.filter((_, i) => mine[i]));
    },

    async alerts(name) {
      if (name !== null) await allowOn('status', name);
      const alerts = await engine.alerts(name);
      const mine = await Promise.all(alerts.map(({ workspace, raisedAt: at }) => mayHear({ workspace, at })));
      return alerts.filter((_, i) => mine[i]);
    },

    logs: on('logs', engine.logs),
    async *followLog(name, how, signal) {
      await allowOn('logs', name);
      for await (const line of engine.followLog(name, how, signal))
        if (await mayKnow({ workspace: name, at: line.at })) yield line;
    },

    async plans(name, restoreBytes) {
      if (name === null) demand(who, 'plans', who.role);
      else await allowOn('plans', name);
      return await engine.plans(name, restoreBytes);
    },

    async reports() {
      return (await engine.reports()).filter(({ by }) => mayReport(by));
    },
    async planReport(choice, asked) {
      if (choice.workspace !== null) await allowOn('report', choice.workspace);
      if (who.workspaces) throw forbidden(who, 'report', 'viewer');
      return await engine.planReport(choice, asked);
    },
    async removeReport(id, asked) {
      const report = (await engine.reports()).find((one) => one.id === id);
      if (!report || !mayReport(report.by)) throw new Failure('no_such_report', { report: id });
      await engine.removeReport(id, asked);
    },

    async budgets(user = null) {
      const mayAsk = user === who.name || (who.workspaces === null && who.role === 'admin');
      const visible = await visibleAccounts();
      const names = new Set([...visible].map((key) => key.split('\n')[0]));
      return (await engine.budgets(mayAsk ? user : null)).filter(({ budget: { scope, of } }) => {
        if (user !== null && (scope !== 'user' || of !== user)) return false;
        if (scope === 'workspace') return names.has(of) || (who.workspaces === null && who.role === 'admin');
        return who.workspaces === null && (scope === 'all' || of === who.name || who.role === 'admin');
      });
    },
    async setBudget(choice, asked) {
      await mayCap(choice);
      return await engine.setBudget(choice, asked);
    },
    async removeBudget(id, asked) {
      const [scope, of = ''] = id.split('/');
      await mayCap({ scope: scope === 'workspace' || scope === 'user' ? scope : 'all', of });
      await engine.removeBudget(id, asked);
    },

    async savings(wanted) {
      demand(who, 'savings', who.role);
      const visible = await visibleAccounts();
      return await engine.savings({ ...wanted, only: (name, owner) => mayPay(name, owner, visible) });
    },

    async status(name, part = {}) {
      if (name !== null) await allowOn('status', name);
      const { only = () => true } = part;
      return await engine.status(name, { ...part, only: (row) => roleOn(who, row) !== null && only(row) });
    },
    async operation(id) {
      const operation = await engine.operation(id);
      if (!(await mayKnow(operation))) throw new Failure('no_such_operation', { operation: id });
      return operation;
    },
    async operations(name) {
      if (name !== null) await allowOn('logs', name);
      const all = await engine.operations(name);
      const mine = await Promise.all(all.map(mayKnow));
      return all.filter((_, i) => mine[i]);
    },
    async past(after, workspace, limit) {
      if (workspace !== null) await allowOn('logs', workspace);
      const told = await engine.past(after, workspace, limit);
      const mine = await Promise.all(told.map(mayHear));
      return told.filter((_, i) => mine[i]);
    },
    async *events(after, workspace, signal) {
      if (workspace !== null) await allowOn('logs', workspace);
      for await (const told of engine.events(after, workspace, signal)) if (await mayHear(told)) yield told;
    },
  };

  function mayReport(by: string): boolean {
    return who.workspaces === null && (by === who.name || who.role === 'admin');
  }

  /** Whoever owns a workspace caps it; a cap on an account or on everybody is not theirs to lift. */
  async function mayCap({ scope, of }: Pick<BudgetChoice, 'scope' | 'of'>): Promise<void> {
    if (scope === 'workspace') {
      const role = await seen(of);
      if (role === null) throw new Failure('no_such_workspace', { workspace: of, known: await mine() });
      if (!reaches(role, 'admin')) throw forbidden(who, 'budget', 'admin');
    } else if (who.workspaces || !reaches(who.role, 'admin')) throw forbidden(who, 'budget', 'admin');
  }

  /** What a workspace cost while it belonged to somebody else under the same name is not for who has it now. */
  async function visibleAccounts(): Promise<ReadonlySet<string>> {
    const mine = (await store.list('workspaces')).filter((one) => roleOn(who, one) !== null);
    return new Set(mine.map(({ id, owner }) => `${id}\n${owner}`));
  }

  /** Of those that are no more, their owners know, and who may see everything. */
  function mayPay(name: string, owner: string, visible: ReadonlySet<string>): boolean {
    if (visible.has(`${name}\n${owner}`)) return true;
    return who.workspaces === null && (owner === who.name || who.role === 'admin');
  }

  async function allowOn(verb: VerbName, name: string): Promise<void> {
    const role = await seen(name);
    if (role === null) throw new Failure('no_such_workspace', { workspace: name, known: await mine() });
    demand(who, verb, role);
  }

  async function seen(name: string): Promise<Role | null> {
    const workspace = await store.read('workspaces', name);
    return workspace && roleOn(who, workspace);
  }

  async function mine(): Promise<string> {
    const visible = (await store.list('workspaces')).filter((one: Workspace) => roleOn(who, one) !== null);
    return visible.map(({ id }) => id).join(', ') || 'none yet; make one with "dumont create NAME"';
  }

  /** What is about no workspace is about the installation. */
  async function mayHear({ workspace, at }: Pick<Told, 'workspace' | 'at'>): Promise<boolean> {
    return workspace === null ? who.workspaces === null : await mayKnow({ workspace, at });
  }

  /** A name that was given up and taken again is another workspace: what was before is not for who has it now. */
  async function mayKnow({ workspace: name, at }: Pick<Operation, 'workspace' | 'at'>): Promise<boolean> {
    const workspace = await store.read('workspaces', name);
    return workspace !== null && at >= workspace.createdAt && roleOn(who, workspace) !== null;
  }
}

function demand(who: Who, verb: VerbName, has: Role): void {
  const needed = VERBS[verb].role;
  if (!reaches(has, needed)) throw forbidden(who, verb, needed);
}

function forbidden({ name }: Who, verb: VerbName, needed: Role): Failure {
  return new Failure('forbidden', { account: name, verb, needed });
}
