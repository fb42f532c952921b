import type { LogPart } from '../domain/doors.ts';
import { DAY_MS } from '../domain/ledger.ts';
import { dayOf, matters, PLACE, type PlacedLine, TOLD_TOO } from '../domain/log.ts';
import type { Log, Ports, WorkspaceLogs } from '../domain/ports.ts';
import type { Workspace } from '../domain/workspace.ts';

/** Its lines, the newest first: of one day, or from today back through all that are kept. */
export async function linesOf(workspace: Workspace, wanted: LogPart, ports: Ports): Promise<readonly PlacedLine[]> {
  const { day = null, before = null, limit, least } = wanted;
  const days = (await ports.logs.days(workspace.id)).filter(
    (one) => (day === null || one === day) && (before === null || one <= dayIn(before)),
  );
  const found: PlacedLine[] = [];
  for (const one of days) {
    const lines = (await ports.logs.read(workspace.id, one, 0)).filter(
      (line) => matters(line.level, least) && isOf(workspace, line) && (before === null || line.place < before),
    );
    found.push(...lines.toReversed().slice(0, limit - found.length));
    if (found.length >= limit) break;
  }
  return found;
}

/** What is noted from now on, or behind a place, until the signal. */
export async function* followLog(
  workspace: Workspace,
  { after, least }: { readonly after: string | null; readonly least: PlacedLine['level'] },
  ports: Ports,
  signal: AbortSignal,
): AsyncIterable<PlacedLine> {
  const { logs, clock, bell } = ports;
  using ear = bell.listen(logBell(workspace.id));
  // A machine may say today what happened yesterday, so the day before is looked at as well.
  const first = after === null ? dayOf(clock.now() - DAY_MS) : dayIn(after);
  const seen = new Map<string, number>();
  if (after !== null) seen.set(first, byteIn(after));
  else for (const day of await daysFrom(first)) seen.set(day, (await lastOf(day)) ?? -1);
  while (!signal.aborted) {
    for (const day of await daysFrom(first)) {
      const last = seen.get(day) ?? -1;
      for (const line of await logs.read(workspace.id, day, Math.max(0, last))) {
        if (byteIn(line.place) <= last) continue;
        seen.set(day, byteIn(line.place));
        if (matters(line.level, least) && isOf(workspace, line)) yield line;
      }
    }
    await ear.wait(LOOK_MS, signal).catch(() => undefined);
  }

  async function daysFrom(from: string): Promise<readonly string[]> {
    return (await logs.days(workspace.id)).filter((day) => day >= from).toReversed();
  }

  async function lastOf(day: string): Promise<number | null> {
    const last = (await logs.read(workspace.id, day, 0)).at(-1);
    return last === undefined ? null : byteIn(last.place);
  }
}

/** What the engine logs of a workspace stands in that one's log as well. */
export function intoLogs(log: Log, logs: WorkspaceLogs, now: () => number): Log {
  return (event, facts = {}, level = 'INFO') => {
    log(event, facts, level);
    const { workspace, ...rest } = facts;
    if (typeof workspace === 'string' && !TOLD_TOO.has(event))
      logs.note(workspace, { at: now(), level, event, by: null, facts: rest });
  };
}

export const logBell = (workspace: string): string => `log/${workspace}`;

/** Not of another one that had its name before. */
const isOf = ({ createdAt }: Workspace, { at }: PlacedLine): boolean => at >= createdAt;

const dayIn = (place: string): string => PLACE.exec(place)?.[1] ?? '';
const byteIn = (place: string): number => Number(PLACE.exec(place)?.[2] ?? 0);

const LOOK_MS = 60_000;
