import { Cron } from 'croner';
import { DAY_MS, dayOf } from '../domain/ledger.ts';
import type { Report } from '../domain/report.ts';
import type { Period } from '../domain/savings.ts';
import { type Schedule, scheduleWords } from '../domain/schedule.ts';
import type { Workspace } from '../domain/workspace.ts';

/**
 * The first moment after `after` at which it is due. Where a clock is set forward over that time it is due right after the
 * gap, and where it shows the time twice, at the first of the two.
 */
export function nextDue({ days, time, zone }: Pick<Schedule, 'days' | 'time' | 'zone'>, after: number): number {
  const [hours, minutes] = time.split(':').map(Number);
  const next = new Cron(`${minutes} ${hours} * * ${days.join(',')}`, { timezone: zone, paused: true }).nextRun(
    new Date(after),
  );
  return next?.getTime() ?? Number.POSITIVE_INFINITY;
}

export interface Due {
  readonly schedule: Schedule;
  readonly at: number;
  readonly why: string;
}

/**
 * What a workspace is to do by its schedules, as of `until`: the latest that is due and not done. An engine that slept through
 * it makes up for it within `lateMs`, and not after: who is not there an hour later does not come any more.
 */
export function dueBy(workspace: Workspace, until: number, lateMs: number): Due | null {
  let latest: Due | null = null;
  for (const schedule of workspace.schedules) {
    const at = nextDue(schedule, Math.max(schedule.doneAt, until - lateMs));
    if (at > until || at < (latest?.at ?? 0)) continue;
    latest = { schedule, at, why: `its schedule, ${scheduleWords(schedule)}` };
  }
  return latest;
}

/**
 * When a report is due next after that moment: not before what it is about is over by UTC, which may be later than the zone's
 * clock says it; and a little later for each, so that many do not post in one second.
 */
export function nextReport(
  { id, every, time, zone }: Pick<Report, 'id' | 'every' | 'time' | 'zone'>,
  after: number,
): number {
  const [hours, minutes] = time.split(':').map(Number);
  const days = { daily: '* * *', weekly: '* * mon', monthly: '1 * *' }[every];
  const spread = [...id].reduce((sum, sign) => (sum * 65_599 + sign.charCodeAt(0) * 7_919) % SPREAD_MS, 7);
  const cron = new Cron(`${minutes} ${hours} ${days}`, { timezone: zone, paused: true });
  for (let run = cron.nextRun(new Date(after - spread - EARLY_MAX_MS)); run !== null; run = cron.nextRun(run)) {
    const at = Math.max(run.getTime(), periodOf(every, run.getTime()).until + SETTLED_MS) + spread;
    if (at > after) return at;
  }
  return Number.POSITIVE_INFINITY;
}

/** The whole days, week or month (UTC) before it. */
export function periodOf(every: Report['every'], due: number): Period {
  const until = dayOf(due);
  if (every === 'daily') return { from: until - DAY_MS, until };
  // At the zone's own clock a week or a month may begin while it is still the last day of the one before, by UTC.
  const ahead = due + ZONE_MAX_MS;
  if (every === 'weekly') {
    const monday = dayOf(ahead) - (((dayOf(ahead) - MONDAY) / DAY_MS) % 7) * DAY_MS;
    return { from: monday - 7 * DAY_MS, until: monday };
  }
  const at = new Date(ahead);
  return {
    from: Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - 1),
    until: Date.UTC(at.getUTCFullYear(), at.getUTCMonth()),
  };
}

/** No clock is further ahead of UTC. */
const ZONE_MAX_MS = 14 * 3_600_000;
const MONDAY = Date.UTC(2024, 0, 1);
/** What machines cost is in the books a little after it was used. */
const SETTLED_MS = 2 * 60_000;
const EARLY_MAX_MS = ZONE_MAX_MS + SETTLED_MS;
const SPREAD_MS = 5 * 60_000;

/** The latest moment at which it is due and was not told; null when there is none. An engine that slept through several tells one. */
export function dueReport(report: Report, now: number): number | null {
  let latest: number | null = null;
  for (let at = nextReport(report, Math.max(report.doneAt, now - YEAR_MS)); at <= now; at = nextReport(report, at))
    latest = at;
  return latest;
}

const YEAR_MS = 366 * 24 * 3_600_000;
