import { isOurs, membership } from '../belonging.ts';
import type { Place } from '../place.ts';
import { type ProcessRow, processes, readProc } from '../process-table.ts';
import { SSH_SERVERS } from '../ssh-servers.ts';

/** All processes at one moment, and whose they are. */
export interface Census {
  /** Milliseconds of the steady clock. */
  readonly at: number;
  readonly people: ReadonlyMap<string, Counted>;
}

export interface Span {
  readonly before: Census;
  readonly after: Census;
}

/** What a process used until now. What its children used joins it when they end and it notices. */
export interface Counted {
  readonly row: ProcessRow;
  /** `theirs` is everything that is no work of ours and belongs to the machine. */
  readonly whose: 'theirs' | 'ours' | 'neither';
  /** The key of its parent. */
  readonly parent: string | null;
  readonly io: Io | null;
}

export interface Io {
  readonly disk: number;
  /** Through read and write of any kind: files, sockets, pipes. */
  readonly read: number;
  readonly written: number;
}

export interface Taker {
  take(at: number): Census;
}

export function openCensus(place: Place, roots: () => readonly number[]): Taker {
  /** Asking which program a process runs costs more than all the rest, and the answer stays. */
  let programs = new Map<string, { readonly ours: boolean; readonly looks: number }>();
  let last: Census['people'] = new Map();
  return {
    take(at) {
      const rows = processes();
      const byPid = new Map(rows.map((row) => [row.pid, row]));
      const keys = new Map(rows.map((row) => [row.pid, keyOf(row)]));
      const belongs = membership(place);
      const whole = new Set(roots());
      const known: typeof programs = new Map();
      const fromHome = (row: ProcessRow): boolean => {
        const key = `${keys.get(row.pid)} ${row.name}`; // a program that becomes another one changes its name
        const before = programs.get(key);
        // A moment after its birth it may still be the copy of who started it.
        const ours = before && before.looks > 1 ? before.ours : isOurs(place, row);
        known.set(key, { ours, looks: (before?.looks ?? 0) + 1 });
        return ours;
      };
      const whose = (row: ProcessRow): Counted['whose'] => {
        // SSH servers work when somebody or the engine comes in; who it is shows elsewhere.
        if (row.kernel || SSH_SERVERS.has(row.name)) return 'neither';
        const above = ancestors(row, byPid);
        const started = whole.has(row.pid) || above.some((one) => whole.has(one.pid));
        if (row.pid === process.pid || started || fromHome(row)) return 'ours';
        return belongs(row, above) ? 'theirs' : 'neither';
      };
      const people = new Map<string, Counted>();
      for (const row of rows) {
        const one = { row, whose: whose(row), parent: keys.get(row.parent) ?? null };
        const key = keys.get(row.pid)!;
        people.set(key, { ...one, io: one.whose === 'neither' ? null : ioSince(last.get(key), row) });
      }
      programs = known;
      last = people;
      return { at, people };
    },
  };
}

/**
 * How much all of one side used between two moments. A child that ended has handed what it used to its parent, if that one
 * waited for it; the part that was counted while it lived is taken off there, so that only its last moments are added.
 */
export function usedBy(
  whose: Counted['whose'],
  { before, after }: Span,
  amountOf: (one: Counted) => number | null,
): number {
  const growth = new Map<string, number>();
  for (const [key, one] of after.people) {
    const earlier = before.people.get(key);
    const amount = amountOf(one);
    if (one.whose !== whose || amount === null || (earlier && amountOf(earlier) === null)) continue;
    growth.set(key, amount - (earlier ? (amountOf(earlier) ?? 0) : 0));
  }
  for (const [key, ended] of before.people) {
    if (after.people.has(key)) continue;
    const heir = heirOf(ended, before, after);
    const has = heir === null ? undefined : growth.get(heir);
    if (heir !== null && has !== undefined) growth.set(heir, has - (amountOf(ended) ?? 0));
  }
  return [...growth.values()].reduce((sum, amount) => sum + Math.max(0, amount), 0);
}

/** The nearest of those above it that is still there. */
function heirOf(ended: Counted, before: Census, after: Census): string | null {
  for (let at = ended.parent; at !== null; at = before.people.get(at)?.parent ?? null)
    if (after.people.has(at)) return at;
  return null;
}

function ancestors(row: ProcessRow, byPid: ReadonlyMap<number, ProcessRow>): readonly ProcessRow[] {
  const above: ProcessRow[] = [];
  for (let at = byPid.get(row.parent); at && !above.includes(at); at = byPid.get(at.parent)) above.push(at);
  return above;
}

const keyOf = (row: ProcessRow): string => `${row.pid}.${row.startedAt}`;

/** Who used no processor time moved nothing worth asking for. What was little is told together with the next. */
function ioSince(earlier: Counted | undefined, row: ProcessRow): Io | null {
  const rested = earlier?.row.ticks === row.ticks && earlier.row.faults === row.faults;
  return (rested && earlier.io) || ioOf(row.pid);
}

/** Null when we may not know, or it ended. */
export function ioOf(pid: number): Io | null {
  try {
    const text = readProc(`/proc/${pid}/io`);
    const field = (name: string): number => Number(text.slice(text.indexOf(name) + name.length).split('\n', 1)[0]);
    return {
      disk: field('\nread_bytes: ') + field('\nwrite_bytes: '),
      read: field('rchar: '),
      written: field('wchar: '),
    };
  } catch {
    return null;
  }
}
