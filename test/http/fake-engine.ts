import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { EventEmitter, on } from 'node:events';
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { leftBehind, mustAgree } from '../../engine/asks/going-back.ts';
import { plansFor, restoreOf } from '../../engine/backups/plans.ts';
import type { ManifestLine } from '../../engine/domain/agent-protocol.ts';
import { budgetId } from '../../engine/domain/budget.ts';
import type {
  Asked,
  BudgetView,
  Engine,
  LocalControl,
  Pulse,
  RaceView,
  RiskView,
  SshTarget,
  StorageView,
  WorkspaceView,
} from '../../engine/domain/doors.ts';
import type { Talk } from '../../engine/domain/events.ts';
import { Failure } from '../../engine/domain/failures.ts';
import type { Told } from '../../engine/domain/journals.ts';
import type { Machine } from '../../engine/domain/lifecycle.ts';
import { dayOf, type LogLine, matters, type PlacedLine, placeIn } from '../../engine/domain/log.ts';
import type { Operation, Outcome } from '../../engine/domain/operation.ts';
import type { Report } from '../../engine/domain/report.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { byAge, type Snapshot } from '../../engine/domain/snapshot.ts';
import { NO_CHOICE, sightOf, type Workspace, type WorkspaceSpec } from '../../engine/domain/workspace.ts';
import { allBelow, differences, entriesIn } from '../../engine/policy/browse.ts';
import { ranked } from './fake-market.ts';
import { fakeSavings } from './fake-money.ts';
import { hibernateStory, runStory, type Scene, snapshotStory, wakeStory } from './fake-stories.ts';

const T0 = Date.UTC(2025, 5, 2, 9, 0, 0);

export interface FakeOptions {
  /** How fast its stories play: 1 as on a real marketplace, 0.01 a hundred times quicker. */
  readonly pace?: number;
  /** Workspaces it knows from the start. */
  readonly names?: readonly string[];
  /** Where what its programs print goes. */
  readonly outputs?: string;
}

/**
 * An engine that rents nothing and tells believable stories over time: a race with slow machines and a winner, a
 * restore, a save. It remembers what it was asked, so that a test can see that a click arrived once.
 */
export function fakeEngine({ pace: firstPace = 1, names = ['lab'], outputs = tmpdir() }: FakeOptions = {}) {
  let pace = firstPace;
  const workspaces = new Map(names.map((name) => [name, newWorkspace(name)]));
  const machines = new Map<string, Machine>();
  const races = new Map<string, RaceView>();
  const storage = new Map<string, StorageView>();
  const budgets = new Map<string, BudgetView>();
  const reports = new Map<string, Report>();
  const pulses = new Map<string, Pulse>();
  const risks = new Map<string, RiskView>();
  const operations = new Map<string, Operation>();
  const snapshots: Snapshot[] = [snapshot('lab', 1, 'before the tests'), snapshot('lab', 2, '')];
  const told: Told[] = [];
  const asked: { readonly what: string; readonly args: readonly unknown[]; readonly asked: Asked }[] = [];
  const lines: PlacedLine[] = [];
  const bell = new EventEmitter();
  bell.setMaxListeners(0);
  const timers = new Set<NodeJS.Timeout>();
  const trouble: { ssh: SshTarget | null; fail: Error | null } = { ssh: null, fail: null };
  let number = 0;

  function tell({ event, workspace, ...facts }: Talk): void {
    number += 1;
    told.push({ number, at: Date.now(), event, workspace, facts });
    bell.emit('told');
  }

  function note(line: LogLine): void {
    lines.push({ ...line, place: placeIn(dayOf(line.at), lines.length) });
    bell.emit('noted');
  }

  function find(name: string): Workspace {
    const found = workspaces.get(name);
    if (found) return found;
    throw new Failure('no_such_workspace', { workspace: name, known: [...workspaces.keys()].join(', ') || 'none' });
  }

  function begin(
    verb: string,
    workspace: string,
    by: Asked,
    intent: Operation['intent'] = null,
  ): { operation: Operation; fresh: boolean } {
    const before = by.key === null ? undefined : [...operations.values()].find(({ key }) => key === by.key);
    if (before) return { operation: before, fresh: false };
    const id = `op-${operations.size + 1}`;
    const operation: Operation = {
      id,
      version: 1,
      key: by.key,
      verb,
      workspace,
      by: by.by,
      at: Date.now(),
      intent,
      endedAt: null,
      outcome: null,
    };
    operations.set(id, operation);
    return { operation, fresh: true };
  }

  function end(id: string, outcome: Outcome): void {
    const operation = operations.get(id) as Operation;
    operations.set(id, { ...operation, endedAt: Date.now(), outcome });
    tell({ event: 'operation.ended', workspace: operation.workspace, operation: id, ok: outcome.ok, why: outcome.say });
  }

  /** In their order, also when the computer has no time for us. */
  function play(scenes: readonly Scene[], operation: Operation): void {
    const stage = { machines, races, tell, end: (outcome: Outcome) => end(operation.id, outcome), operation };
    const left = scenes.toSorted((a, b) => a.seconds - b.seconds);
    const began = Date.now();
    const next = (): void => {
      const scene = left.shift();
      if (!scene) return;
      const timer = setTimeout(
        () => {
          timers.delete(timer);
          scene.act(stage);
          next();
        },
        Math.max(0, began + scene.seconds * 1_000 * pace - Date.now()),
      );
      timers.add(timer);
    };
    next();
  }

  function want(workspace: Workspace, awake: boolean, operation: Operation): void {
    const wish = { ...workspace.wish, want: awake ? ('awake' as const) : ('asleep' as const), operation: operation.id };
    workspaces.set(workspace.id, { ...workspace, wish });
  }

  function remember(what: string, args: readonly unknown[], by: Asked): void {
    asked.push({ what, args, asked: by });
    if (trouble.fail) throw trouble.fail;
  }

  function behind(workspace: Workspace, prefix = '') {
    const mine = snapshots.filter((one) => one.workspace === workspace.id);
    const chosen = prefix === '' ? null : mine.find(({ id }) => id.startsWith(prefix));
    const aside = chosen && leftBehind(chosen, workspace, mine, { settings: DEFAULTS, now: T0 });
    return chosen && aside ? { chosen, aside } : null;
  }

  function view(workspace: Workspace): WorkspaceView {
    const mine = [...machines.values()].filter(
      (machine) => machine.workspace === workspace.id && machine.state !== 'gone',
    );
    const machine = mine.find(({ epoch }) => epoch !== null) ?? null;
    const race = races.get(workspace.id) ?? null;
    const open = [...operations.values()].findLast((each) => each.workspace === workspace.id && each.endedAt === null);
    return {
      workspace,
      sight: sightOf(workspace, machine),
      why: machine?.why ?? (race ? 'machines are racing' : 'nobody asked for it'),
      since: machine?.since ?? race?.startedAt ?? T0,
      machine,
      race: race && {
        ...race,
        racers: race.racers.map((racer) => ({ ...racer, ...pick(machines.get(racer.machine)) })),
      },
      newest: snapshots.findLast((each) => each.workspace === workspace.id) ?? null,
      dollarsPerHour: mine.reduce((sum, { offer }) => sum + offer.dollarsPerHour, 0),
      operation: open ?? null,
      pulse: pulses.get(workspace.id) ?? null,
      storage: storage.get(workspace.id) ?? null,
    };
  }

  const engine: Engine = {
    async create(name, spec, by) {
      remember('create', [name, spec], by);
      if (workspaces.has(name)) throw new Failure('workspace_exists', { workspace: name });
      const made = newWorkspace(name, spec);
      workspaces.set(name, made);
      return made;
    },
    async wake(name, how, by) {
      remember('wake', [name, how], by);
      const workspace = find(name);
      const left = behind(workspace, how.snapshot);
      if (left && !how.setAside) throw mustAgree(left.aside, left.chosen, name);
      const { operation, fresh } = begin('wake', name, by);
      if (fresh) want(workspace, true, operation);
      if (fresh)
        play(
          wakeStory(
            workspace,
            operation.id,
            ranked(how.need ?? {}).map(({ offer }) => offer),
          ),
          operation,
        );
      return operation;
    },
    async hibernate(name, how, by) {
      remember('hibernate', [name, how], by);
      const workspace = find(name);
      const machine = view(workspace).machine;
      if (!machine) throw new Failure('no_such_machine', { workspace: name });
      const { operation, fresh } = begin('hibernate', name, by);
      if (fresh) want(workspace, false, operation);
      if (fresh) play(hibernateStory(machine), operation);
      return operation;
    },
    async pause(name, by) {
      remember('pause', [name], by);
      const machine = view(find(name)).machine;
      if (!machine) throw new Failure('no_such_machine', { workspace: name });
      const { operation, fresh } = begin('pause', name, by);
      if (fresh) machines.set(machine.id, { ...machine, state: 'paused' });
      if (fresh) end(operation.id, { ok: true, say: `${name} is paused.`, facts: { machine: machine.id } });
      return operations.get(operation.id) as Operation;
    },
    async snapshot(name, how, by) {
      remember('snapshot', [name, how], by);
      const machine = view(find(name)).machine;
      if (!machine) throw new Failure('no_such_machine', { workspace: name });
      const { operation, fresh } = begin('snapshot', name, by);
      if (fresh) play(snapshotStory(machine), operation);
      return operation;
    },
    async abandon(name, how, by) {
      remember('abandon', [name, how], by);
      const { operation, fresh } = begin('abandon', find(name).id, by);
      if (fresh) end(operation.id, { ok: true, say: `${by.by} gave up what was on it`, facts: {} });
      return operations.get(operation.id) as Operation;
    },
    async configure(name, spec, by) {
      remember('configure', [name, spec], by);
      const workspace = find(name);
      const changed = { ...workspace, spec: { ...workspace.spec, ...spec } };
      workspaces.set(name, changed);
      return changed;
    },
    async keep(name, how, by) {
      remember('keep', [name, how], by);
      const now = Date.now();
      const keep = how.forMs === null ? null : { until: now + how.forMs, by: by.by, why: how.why, at: now };
      const kept = { ...find(name), keep };
      workspaces.set(name, kept);
      return kept;
    },
    async standby(name) {
      return standbyView(find(name));
    },
    async standBy(name, how, by) {
      remember('standBy', [name, how], by);
      const view = standbyView(find(name));
      if (how.on && (how.agreedDollarsPerMonth ?? 0) < view.dollarsPerMonth)
        throw new Failure('confirmation_needed', { why: `A standby for ${name} costs $0.14/h.` });
      const standby = how.on ? { by: by.by, at: Date.now(), dollarsPerMonth: view.dollarsPerMonth } : null;
      const changed = { ...find(name), standby };
      workspaces.set(name, changed);
      return standbyView(changed);
    },
    async schedule(name, how, by) {
      remember('schedule', [name, how], by);
      const { schedules, ...rest } = find(name);
      const added = { ...how, id: `s${schedules.length + 1}`, by: by.by, doneAt: Date.now() };
      const changed = { ...rest, schedules: [...schedules, added] };
      workspaces.set(name, changed);
      return changed;
    },
    async unschedule(name, id, by) {
      remember('unschedule', [name, id], by);
      const { schedules, ...rest } = find(name);
      const changed = { ...rest, schedules: schedules.filter((one) => one.id !== id) };
      if (changed.schedules.length === schedules.length)
        throw new Failure('no_such_schedule', { schedule: id, workspace: name });
      workspaces.set(name, changed);
      return changed;
    },
    async run(name, how, by) {
      remember('run', [name, how], by);
      const workspace = find(name);
      const machine = view(workspace).machine;
      if (!machine) throw new Failure('no_such_machine', { workspace: name });
      const { operation, fresh } = begin('run', name, by);
      if (fresh) play(runStory(machine, operation.id, how.argv, outputs), operation);
      return operation;
    },
    async bringBack(name, how, by) {
      remember('bringBack', [name, how], by);
      if (!view(find(name)).machine) throw new Failure('no_such_machine', { workspace: name });
      if (how.into === null && !how.overwrite) throw new Failure('confirmation_needed', { why: 'Agree to it.' });
      const { operation } = begin('restore', name, by, { fetch: how as never });
      end(operation.id, { ok: true, say: `/${how.path} is back.`, facts: {} });
      return operations.get(operation.id) as Operation;
    },
    async restorePlan(name, how) {
      const { machine } = view(find(name));
      if (how.onto === 'new') {
        if (machine) throw new Failure('workspace_awake', { workspace: name });
        const price = restoreOf(7e9, true, DEFAULTS);
        const setsAside = behind(find(name), how.snapshot)?.aside ?? null;
        return { files: 3, bytes: 7e9, onMachine: null, setsAside, price, quote: await this.quote(name, how) };
      }
      if (!machine) throw new Failure('no_such_machine', { workspace: name });
      const onMachine = { same: 1, inTheWay: how.into === null ? 2 : 0, inTheWayBytes: 5e6, rounds: 1 };
      return { files: 4, bytes: 8e6, onMachine, setsAside: null, price: restoreOf(8e6, false, DEFAULTS), quote: null };
    },
    async files(name, id, { folder, deep }) {
      const found = await this.findSnapshot(name, id);
      const entries = (deep ? allBelow : entriesIn)(MANIFEST, folder);
      if (!entries) throw new Failure('no_such_file', { path: `/${folder}`, snapshot: found.id.slice(0, 8) });
      return entries;
    },
    async diff(name, before, after) {
      for (const id of [before, after]) await this.findSnapshot(name, id);
      return differences(before.startsWith('a3') ? [] : MANIFEST, MANIFEST);
    },
    async download(name, id, path) {
      await this.findSnapshot(name, id);
      const line = MANIFEST.find((one) => one.path === path);
      if (!line && path !== '') throw new Failure('no_such_file', { path: `/${path}`, snapshot: id.slice(0, 8) });
      const archive = line?.type !== 'file';
      const content = archive ? TAR : 'print(1)\n';
      return {
        name: archive ? 'files.tar' : 'code.py',
        archive,
        sizeBytes: archive ? null : content.length,
        sha256: archive ? null : hash('sha256', content),
        stream: Readable.from([Buffer.from(content)]),
      };
    },
    async findSnapshot(name, id) {
      find(name);
      const found = snapshots.find((one) => one.workspace === name && one.id.startsWith(id));
      if (!found) throw new Failure('no_such_snapshot', { snapshot: id, workspace: name });
      return found;
    },
    async operations(name) {
      if (name !== null) find(name);
      const all = [...operations.values()].filter(({ workspace }) => name === null || workspace === name);
      return all.toSorted((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
    },
    async share(name, how, by) {
      remember('share', [name, how], by);
      const { shares, ...rest } = find(name);
      const others = shares.filter((share) => share.with !== how.with);
      const added = how.role === null ? [] : [{ with: how.with, role: how.role, by: by.by, at: Date.now() }];
      const shared = { ...rest, shares: [...others, ...added] };
      workspaces.set(name, shared);
      return shared;
    },
    async atRisk(name) {
      if (trouble.fail) throw trouble.fail;
      const risk = risks.get(find(name).id);
      if (!risk) throw new Failure('no_such_machine', { workspace: name });
      return risk;
    },
    async destroy(name, how, by) {
      remember('destroy', [name, how], by);
      workspaces.delete(find(name).id);
    },
    async status(name) {
      if (trouble.fail) throw trouble.fail;
      return name === null ? [...workspaces.values()].map(view) : [view(find(name))];
    },
    async backups(name) {
      return await this.snapshots(name);
    },

    async findBackup(name, id) {
      return await this.findSnapshot(name, id);
    },

    async snapshots(name) {
      return snapshots.filter((each) => each.workspace === find(name).id).toSorted(byAge);
    },
    async quote(name, how) {
      find(name);
      const firstRound = ranked(how.need ?? {}).slice(0, 5);
      const dollarsPerHour = { low: 0.187, high: 0.455 };
      return {
        usable: { p50: 34_000, p95: 112_000, slowest: 140_000, samples: 41, own: true },
        dollarsPerHour,
        capMicro: 2_000_000,
        restoreBytes: 7.2e9,
        restoreDollars: 0.072,
        restore: restoreOf(7.2e9, true, DEFAULTS),
        firstRound,
      };
    },
    async offers(need) {
      const offers = await ranked(need);
      return {
        ranked: offers,
        sources: [{ marketplace: 'fake', at: Date.now(), offers: offers.length, failed: null }],
      };
    },
    async retention(name) {
      const until = ({ createdAt }: Snapshot) => createdAt + 7 * 86_400_000;
      return snapshots
        .filter(({ workspace }) => workspace === name)
        .map((one) => ({
          snapshot: one,
          stays: true,
          why: 'the plan keeps it 7 days',
          until: until(one),
          soonest: one.kind === 'automatic' ? until(one) - 6 * 86_400_000 : null,
          sameAs: null,
        }));
    },
    async confirmRecovery() {
      return false;
    },
    async alerts() {
      return [];
    },
    async drills() {
      return { p50Ms: null, p95Ms: null, samples: 0, last: null, all: [] };
    },
    async pin(name, id, how, by) {
      remember('pin', [name, id, how], by);
      return await this.findSnapshot(name, id);
    },
    async clone(name, id, { into }, by) {
      remember('clone', [name, id, { into }], by);
      await this.findSnapshot(name, id);
      const { operation } = begin('clone', name, by);
      end(operation.id, { ok: true, say: `${into} is made.`, facts: {} });
      return operations.get(operation.id) as Operation;
    },
    async drill(name, how, by) {
      remember('drill', [name, how], by);
      const { operation } = begin('drill', name, by);
      end(operation.id, {
        ok: true,
        say: 'Snapshot a2a2a2a2 came back in 1.0 s: 3 files are as they were. Of 12 drills half took 1.0 s at most, 95 % 2.0 s.',
        facts: {},
      });
      return operations.get(operation.id) as Operation;
    },
    async rekey(name, by) {
      remember('rekey', [name], by);
      const { operation } = begin('rekey', name, by);
      const say = `${name} has another password. The old one opens nothing in the hot storage any more.`;
      end(operation.id, { ok: true, say, facts: {} });
      return operations.get(operation.id) as Operation;
    },
    async give(name, id, how, by) {
      remember('give', [name, id, how], by);
      await this.findSnapshot(name, id);
      const { operation } = begin('give', name, by);
      end(operation.id, { ok: true, say: `${how.into} is made for ${how.to}.`, facts: {} });
      return operations.get(operation.id) as Operation;
    },
    async forget(name, id, how, by) {
      remember('forget', [name, id, how], by);
      return await this.findSnapshot(name, id);
    },
    async plans(_, restoreBytes = null) {
      return plansFor(snapshots, { copies: 1, wakeImage: true, restoreBytes }, DEFAULTS);
    },
    async reports() {
      return [...reports.values()];
    },
    async planReport(choice, by) {
      remember('report', [choice], by);
      const report = { ...choice, id: `rp${reports.size + 1}`, version: 1, by: by.by, doneAt: T0, waiting: [] };
      reports.set(report.id, report);
      return report;
    },
    async removeReport(id, by) {
      remember('report', [id], by);
      if (!reports.delete(id)) throw new Failure('no_such_report', { report: id });
    },
    async budgets() {
      return [...budgets.values()];
    },
    async setBudget(choice, by) {
      remember('budget', [choice], by);
      const id = budgetId(choice);
      const budget = { ...choice, id, version: 1, by: by.by, at: T0, spent: { micro: choice.micro * 0.9, from: T0 } };
      const view = { budget, spentMicro: choice.micro * 0.9, until: T0 + 86_400_000 };
      budgets.set(id, view);
      return view;
    },
    async removeBudget(id, by) {
      remember('budget', [id], by);
      if (!budgets.delete(id)) throw new Failure('no_such_budget', { budget: id });
    },
    async savings(wanted) {
      return fakeSavings(wanted, T0);
    },
    async hosts() {
      const hosts = ranked({}).map(({ offer }, index) => ({
        marketplace: offer.marketplace,
        host: offer.host,
        physical: offer.machine,
        starts: 12 - index,
        failures: index % 4,
        stages: {
          booting: { p50: 14_000 + index * 9_000, p95: null, slowest: 40_000 + index * 21_000, samples: 12 - index },
        },
        mbps: index === 0 ? null : 400 + index * 90,
        passedOver: index % 4 === 3 ? '3 of 9 starts failed' : null,
        lastAt: T0 + index * 3_600_000,
        lastWhy: index % 4 === 3 ? 'SSH stayed silent for 90 s' : 'ready after 24 s',
      }));
      return { stages: { booting: { p50: 24_000, p95: 71_000, slowest: 166_000, samples: 42 } }, hosts };
    },
    async operation(id) {
      const operation = operations.get(id);
      if (!operation) throw new Failure('no_such_operation', { operation: id });
      return operation;
    },
    async lastTold() {
      return told.at(-1)?.number ?? 0;
    },
    async past(after, workspace, limit) {
      return told.filter((each) => each.number > after && about(each, workspace)).slice(-limit);
    },
    async *events(after, workspace, signal) {
      let last = after;
      const rings = on(bell, 'told', { signal });
      while (true) {
        for (const each of told.filter(({ number: at }) => at > last)) {
          last = each.number;
          if (about(each, workspace)) yield each;
        }
        await rings.next();
      }
    },
    async logs(name, { least, day, before, limit }) {
      find(name);
      return lines
        .filter((line) => matters(line.level, least) && (day === undefined || line.place.startsWith(day)))
        .filter(({ place }) => before === undefined || place < before)
        .toReversed()
        .slice(0, limit);
    },
    async *followLog(name, { least, after }, signal) {
      find(name);
      let last = after ?? lines.at(-1)?.place ?? '';
      const rings = on(bell, 'noted', { signal });
      while (true) {
        for (const line of lines.filter(({ place }) => place > last)) {
          last = line.place;
          if (matters(line.level, least)) yield line;
        }
        await rings.next();
      }
    },
    async ssh(name) {
      find(name);
      if (!trouble.ssh) throw new Failure('no_such_machine', { workspace: name });
      return trouble.ssh;
    },
    async health() {
      return [
        { name: 'store', ok: true, say: 'writes in 2 ms' },
        { name: 'storage', ok: true, say: 'answers in 3 ms' },
      ];
    },
  };

  return {
    engine,
    asked,
    /** From now on its stories play this fast. */
    pace: (given: number) => {
      pace = given;
    },
    told,
    tell,
    note,
    trouble,
    bell,
    workspaces,
    machines,
    pulses,
    risks,
    snapshots,
    storage,
    operations,
    [Symbol.dispose]: () => {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

export type FakeEngine = ReturnType<typeof fakeEngine>;

/** The local marketplace's levers, which only remember how they were set. */
const MANIFEST: readonly ManifestLine[] = [
  { path: 'workspace', type: 'dir', mode: 0o755, mtimeMs: T0, sizeBytes: 0 },
  {
    path: 'workspace/code.py',
    type: 'file',
    mode: 0o644,
    mtimeMs: T0,
    sizeBytes: 9,
    sha256: hash('sha256', 'print(1)\n'),
  },
  { path: 'workspace/models', type: 'dir', mode: 0o755, mtimeMs: T0, sizeBytes: 0 },
  { path: 'workspace/models/a.bin', type: 'file', mode: 0o644, mtimeMs: T0, sizeBytes: 5e9, sha256: 'a'.repeat(64) },
];
const TAR = execFileSync('tar', ['-c', '-f', '-', '-C', import.meta.dirname, 'demo.ts']);

export function fakeLocal(): LocalControl & { readonly pulled: unknown[] } {
  const pulled: unknown[] = [];
  return {
    pulled,
    modes: {
      'stuck-loading': 'never gets past loading',
      'ssh-refused': 'refuses every connection',
      vanish: 'leaves the list',
    },
    async machines() {
      return [
        {
          instance: 'i-1001',
          label: 'dumont-local-m1-lab',
          status: 'running',
          statusMessage: '',
          address: { host: '127.0.0.1', port: 40022 },
          machine: 'ace-7',
          dollarsPerHour: 0.412,
          startedAt: T0,
          gpu: { utilizationPercent: 71, memoryUsedMb: 8_192 },
          misbehaving: null,
        },
      ];
    },
    async misbehave(target, mode) {
      pulled.push({ misbehave: target, mode });
    },
    async setGpu(target, reading) {
      pulled.push({ gpu: target, ...reading });
    },
    async bill() {
      return [{ instance: 'i-1001', label: 'dumont-local-m1-lab', from: T0, until: T0 + 3_600_000, micro: 412_000 }];
    },
    async endAll() {
      pulled.push('end-all');
      return 1;
    },
  };
}

export function snapshot(workspace: string, sequence: number, description: string): Snapshot {
  const at = T0 + sequence * 86_400_000;
  return {
    id: sequence.toString(16).padStart(2, 'a').repeat(32),
    version: 1,
    workspace,
    kind: description ? 'manual' : 'automatic',
    type: 'INCREMENTAL',
    status: 'COMPLETED',
    createdAt: at,
    completedAt: at + 9_000,
    machine: 'm0',
    epoch: 1,
    sequence,
    parent: null,
    sizeBytes: 7.2e9,
    fileCount: 4_410,
    contentHash: String(sequence).padStart(64, 'c'),
    partial: false,
    provedAt: at + 12_000,
    comparedAt: at + 12_000,
    manifestBase: null,
    pinned: null,
    setAside: null,
    leaving: null,
    vaultedAt: null,
    description,
    tags: [],
    extra: {},
    errorMessage: null,
  };
}

function newWorkspace(id: string, spec: Partial<WorkspaceSpec> = {}): Workspace {
  return {
    id,
    version: 1,
    owner: 'ana',
    shares: [],
    createdAt: T0,
    claim: null,
    epoch: 0,
    wish: {
      want: 'asleep',
      by: 'ana',
      at: T0,
      why: 'new',
      operation: '',
      ...NO_CHOICE,
    },
    asks: [],
    fetches: [],
    jobs: [],
    keep: null,
    standby: null,
    yields: null,
    schedules: [],
    sequence: 2,
    sealedPassword: 'sealed-password-that-nobody-may-see',
    spec: {
      image: 'ubuntu:24.04',
      need: { gpu: 'RTX 4090' },
      diskGb: 40,
      publicKeys: [],
      environment: { HF_TOKEN: 'hf_secret' },
      ports: [],
      include: [],
      exclude: [],
      fileBytesMax: 10e9,
      plan: 'free',
      backupEveryMs: null,
      retentionDays: null,
      idle: {},
      wakeImage: true,
      afterWake: null,
      ...spec,
    },
  };
}

function standbyView({ id, standby }: Workspace) {
  const [first] = ranked({});
  const offer = {
    ...first!.offer,
    marketplace: 'gcp',
    region: 'us-central1',
    gpu: 'none',
    gpuCount: 0,
    dollarsPerHour: 0.14,
  };
  return { workspace: id, agreed: standby, active: null, offer, dollarsPerMonth: 102.2, why: null };
}

function about(each: Told, workspace: string | null): boolean {
  return workspace === null || each.workspace === workspace;
}

function pick(machine: Machine | undefined) {
  return machine ? { state: machine.state, since: machine.since, why: machine.why } : {};
}
