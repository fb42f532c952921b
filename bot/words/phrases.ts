import type { APIModalInteractionResponseCallbackData } from 'discord-api-types/v10';
import type { Role } from '../../engine/domain/account.ts';
import type { AtRisk } from '../../engine/domain/agent-shapes.ts';
import type { Budget } from '../../engine/domain/budget.ts';
import type { Language } from '../../engine/domain/discord.ts';
import type { RiskView, SetAside, StandbyView } from '../../engine/domain/doors.ts';
import type { Talk } from '../../engine/domain/events.ts';
import type { Facts, FailureCode } from '../../engine/domain/failures.ts';
import type { ChargedFor } from '../../engine/domain/journals.ts';
import type { State } from '../../engine/domain/lifecycle.ts';
import type { Outcome } from '../../engine/domain/operation.ts';
import type { RestorePrice, Rung } from '../../engine/domain/plan.ts';
import type { ReportEvery } from '../../engine/domain/report.ts';
import type { Baseline, BaselineFault, Figures } from '../../engine/domain/savings.ts';
import type { Backup, Snapshot, SnapshotKind } from '../../engine/domain/snapshot.ts';
import type { Sight } from '../../engine/domain/workspace.ts';
import type { Story } from '../panels/story.ts';
import type { Format } from './format.ts';

type Say = (...given: string[]) => string;

/** Every phrase there is. Both languages have to have each, or they do not compile. */
export interface Phrases extends Format {
  readonly language: Language;
  readonly stage: Readonly<Record<State, string>>;
  readonly sight: Readonly<Record<Sight, string>>;
  readonly kind: Readonly<Record<SnapshotKind, string>>;
  readonly backup: Readonly<Record<Exclude<Backup['status'], 'COMPLETED'>, string>>;
  readonly role: Readonly<Record<Role, string>>;
  /** What was told, as a sentence about its workspace. */
  event(talk: Talk, now: number): string;
  /** Whether there are words for it. */
  hasEvent(event: string): boolean;
  outcome(outcome: Outcome): string;
  /** What could not be done, with commands as people type them here. */
  failure(code: FailureCode, facts: Facts): string;
  /** Words of the engine's own, as far as this language knows them. */
  why(text: string): string;
  /** How long something takes: half of the times, and all but the slowest; or the slowest, of too few. */
  times(p50: string, p95: string | null, slowest: string): string;
  wakes(count: number): string;
  fileCount(files: number): string;
  /** What a repository has that exists nowhere else. */
  repository(one: RiskView['repositories'][number]): string;
  /** The audit holds together, so many entries of it. */
  whole(entries: number): string;
  modal(customId: string): APIModalInteractionResponseCallbackData;

  readonly say: {
    readonly oldButton: string;
    readonly onlyInServers: string;
    readonly broken: string;
    readonly confirmed: string;
    readonly begun: string;
    readonly done: string;
    readonly begunAs: Say;
    readonly unknownEnd: string;
    readonly noAuditChannel: string;
    readonly nothingAwake: string;
    readonly sayWhich: string;
    readonly sayWhat: string;
    readonly openQuote: string;
    readonly nothingToChange: string;
    readonly onlyAdmins: string;
    readonly cannotPost: string;
    readonly panelPosted: string;
    readonly nothing: string;
    readonly hostKey: string;
    readonly howToLink: string;
    readonly noChannel: string;
    readonly muteRole: Say;
    readonly recovered: string;
    readonly notRecovered: string;
    readonly noCommand: Say;
    readonly panelNotPosted: Say;
    readonly follow: Say;
    readonly reference: Say;
    readonly whoCan: Say;
    readonly created: Say;
    readonly destroyed: Say;
    readonly badDate: Say;
    readonly asOf: Say;
    readonly badZone: Say;
    readonly badDay: Say;
    readonly badPeriod: Say;
    readonly badMoment: Say;
    readonly schedules: Say;
    readonly ssh: Say;
    readonly moved: Say;
    readonly accountMade: Say;
    readonly accountChanged: Say;
    readonly accountEnded: Say;
    readonly tokenEnded: Say;
    readonly tokenMade: Say;
    readonly unlinked: Say;
    readonly youAre: Say;
    readonly linked: Say;
    pinned(id: string, name: string, pinned: boolean): string;
    forgotten(id: string, name: string): string;
    kept(name: string, until: number | null, asleep: boolean): string;
    standby(name: string, view: StandbyView): string;
    configured(name: string, fields: readonly string[]): string;
    shared(name: string, account: string, role: 'viewer' | 'operator' | null): string;
  };

  readonly confirm: {
    standby(name: string, view: StandbyView): string;
    readonly gone: string;
    readonly notYours: string;
    readonly used: string;
    readonly expired: string;
    readonly cancelled: string;
    readonly recover: string;
    readonly otherName: Say;
    readonly endAccount: Say;
    until(at: number, typed: string | null): string;
    hibernateAll(names: readonly string[]): string;
    lose(name: string, files: readonly AtRisk[]): string;
    programs(name: string, jobs: readonly string[]): string;
    destroy(name: string, snapshots: number): string;
    restore(name: string, snapshot: Snapshot, setsAside: SetAside | null): string;
    bringBack(name: string, path: string, snapshot: Snapshot): string;
    give(name: string, gift: { readonly to: string; readonly into: string }, snapshot: Snapshot): string;
    forget(name: string, snapshot: Snapshot, isNewest: boolean): string;
    abandon(name: string, newestMs: number | null): string;
  };

  readonly button: Readonly<
    Record<
      | 'confirm'
      | 'cancel'
      | 'keep'
      | 'hibernate'
      | 'sleepNow'
      | 'logs'
      | 'stop'
      | 'wake'
      | 'follow'
      | 'newer'
      | 'older',
      string
    >
  >;

  readonly panel: {
    readonly saving: string;
    readonly restoring: string;
    readonly ssh: string;
    readonly round: string;
    readonly usable: string;
    readonly complete: string;
    readonly price: string;
    readonly waste: string;
    readonly about: (amount: string) => string;
    readonly proved: string;
    readonly runs: string;
    readonly worry: string;
    readonly burns: string;
    readonly failed: Say;
    readonly title: Say;
    askedBy(by: string, at: number): string;
    awake(name: string, ms: number, gpu: string | null, complete: boolean): string;
    done(name: string, verb: string, say: string): string;
    going(name: string, verb: string, story: Story, sight: Sight | null): string;
    files(count: number, bytes: number): string;
    ran(code: number, ms: number): string;
  };

  readonly status: {
    readonly none: string;
    readonly renews: string;
    /** `burns` null: nothing costs anything. */
    head(count: number, up: number, burns: string | null): string;
    more(count: number): string;
    kept(until: number): string;
    saved(at: number): string;
  };

  readonly warning: {
    head(name: string, at: number): string;
    body(why: string, price: string, at: number, payBack: string): string;
    /** Of a warning that is over. */
    was(why: string): string;
    readonly ended: Readonly<Record<'kept' | 'stays' | 'sleeps' | 'gone', Say>>;
  };

  readonly alert: {
    title(talk: Talk): string;
    readonly open: Say;
    readonly resolved: Say;
    since(at: number): string;
    over(at: number, say: string): string;
  };

  readonly money: {
    readonly utc: string;
    readonly budgets: string;
    readonly reports: string;
    readonly noReport: string;
    readonly report: Readonly<Record<ReportEvery, string>>;
    readonly shutIn: Say;
    nobodys(report: string, by: string): string;
    made(by: string, at: number): string;
    readonly chart: {
      readonly awake: string;
      readonly asleep: string;
      readonly always: string;
      readonly hosts: string;
      readonly paid: Say;
      /** `always` null: nobody knows. */
      paidAlt(paid: string, always: string | null): string;
      readonly hours: Say;
      readonly boots: Say;
      readonly bootsAlt: Say;
    };
    readonly noBudget: string;
    readonly oneScope: string;
    renews(at: number): string;
    cap(budget: Pick<Budget, 'scope' | 'of' | 'per'>): string;
    readonly onlyUsd: Say;
    readonly zoneGuessed: Say;
    readonly badBaseline: Readonly<Record<BaselineFault, string>>;
    readonly nothing: string;
    readonly column: Readonly<Record<'paid' | 'always' | 'saved', string>>;
    readonly purpose: Readonly<Record<ChargedFor, string>>;
    more(rows: number): string;
    baseline(baseline: Baseline): string;
    /** Null: nobody knows what it is compared with. */
    headline(period: string, total: Pick<Figures, 'paidMicro' | 'savedMicro'>, baseline: string): string;
    readonly hours: Say;
    difference(amount: string, isLess: boolean): string;
    /** No hourly price is known for it. */
    readonly apart: Say;
  };

  /** What storage asks for bringing files back, and what the price book charges. */
  restorePrice(price: RestorePrice): string;
  readonly plan: {
    keeps(days: number, size: string): string;
    price(every: string, month: string): string;
    ladder(rungs: readonly Rung[]): string;
    prices(of: string, paid: boolean): string;
  };

  readonly host: {
    starts(count: number): string;
    failures(count: number): string;
    passedOver(why: string): string;
  };

  /** `usable`: after how long; null when nothing became so. */
  readonly chart: {
    title(name: string, usable: string | null): string;
    alt(name: string, machines: number, usable: string | null): string;
  };

  /** Names of what stands in answers. */
  readonly label: Readonly<Record<Label, string>>;
}

export type Label =
  | 'quote'
  | 'time'
  | 'price'
  | 'cap'
  | 'restore'
  | 'firstRound'
  | 'unknownTime'
  | 'snapshots'
  | 'noSnapshots'
  | 'partial'
  | 'newest'
  | 'retention'
  | 'risk'
  | 'lost'
  | 'noRisk'
  | 'noBackup'
  | 'changed'
  | 'notPushed'
  | 'leftOut'
  | 'lastBackup'
  | 'never'
  | 'machine'
  | 'owner'
  | 'wish'
  | 'sleep'
  | 'backup'
  | 'pending'
  | 'keep'
  | 'asked'
  | 'logs'
  | 'noLogs'
  | 'offers'
  | 'hosts'
  | 'noHosts'
  | 'users'
  | 'tokens'
  | 'noTokens'
  | 'broken'
  | 'audit'
  | 'noAudit'
  | 'settings'
  | 'changedSettings'
  | 'channel'
  | 'auditChannel'
  | 'ping'
  | 'language'
  | 'hears'
  | 'trouble'
  | 'alerts'
  | 'noAlerts'
  | 'diag'
  | 'shards'
  | 'refusedRequests'
  | 'panels'
  | 'acknowledged'
  | 'memory'
  | 'health'
  | 'more'
  | 'everything'
  | 'itsOwn'
  | 'ended'
  | 'used'
  | 'unused'
  | 'files'
  | 'empty'
  | 'differs'
  | 'same'
  | 'plans'
  | 'stored';
