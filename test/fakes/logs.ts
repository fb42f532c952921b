import { dayOf, type LogLine, type PlacedLine, placeIn } from '../../engine/domain/log.ts';
import type { Bell, WorkspaceLogs } from '../../engine/domain/ports.ts';
import { logBell } from '../../engine/process/logs.ts';

/** Logs in memory; they outlive every engine. A line is one byte long. */
export class FakeLogs {
  readonly lines = new Map<string, LogLine[]>();

  /** As one engine writes them. */
  of(bell: Bell): WorkspaceLogs {
    const linesOf = (workspace: string): readonly LogLine[] => this.lines.get(workspace) ?? [];
    return {
      note: (workspace, line) => {
        this.lines.set(workspace, [...linesOf(workspace), line]);
        bell.ring(logBell(workspace));
      },
      days: async (workspace) => [...new Set(linesOf(workspace).map(({ at }) => dayOf(at)))].toSorted().toReversed(),
      read: async (workspace, day, from) =>
        linesOf(workspace)
          .filter(({ at }) => dayOf(at) === day)
          .map((line, byte): PlacedLine => ({ ...line, place: placeIn(day, byte) }))
          .slice(from),
    };
  }
}

/** Where nobody reads them. */
export const NO_LOGS: WorkspaceLogs = { note: () => undefined, days: async () => [], read: async () => [] };
