import type { SnapshotJson } from '../../engine/http/json/snapshot.ts';
import type { History } from './history.ts';
import type { People } from './people.ts';
import type { Repository } from './repository.ts';
import { Violation } from './violation.ts';

type Restored = Awaited<ReturnType<Repository['restored']>>;

/** Every snapshot that the engine ever acknowledged: each is restored once and compared with what had been written. */
export interface Catalogue {
  /** Looks what is new in it, and that nothing is missing. */
  look(): Promise<readonly SnapshotJson[]>;
  /** What was written on this machine. */
  know(machine: string, history: History): void;
  /** All that was written before this moment must be in it. */
  mustHold(snapshot: string, at: number): void;
  /** Until `endShift`, and a while after, times that are told are not what they seem. */
  beginShift(): void;
  endShift(): void;
  contentOf(snapshot: string): Promise<Restored>;
  /** The one from which a workspace that is not on this machine yet must be woken. */
  newestBefore(machine: string): SnapshotJson | null;
  newest(): SnapshotJson | null;
  /** Until all that are known were compared. */
  settled(): Promise<void>;
  /** Storage has all of them still. */
  finalCheck(): Promise<string>;
  readonly counts: { acknowledged: number; manual: number; compared: number; refused: number; partial: number };
  readonly failed: () => Violation | null;
}

export function openCatalogue(who: People, repository: Repository): Catalogue {
  const seen = new Map<string, { readonly row: SnapshotJson; readonly at: number }>();
  const refused = new Set<string>();
  const histories = new Map<string, History>();
  const held = new Map<string, number>();
  const shifts: { readonly from: number; until: number }[] = [];
  const bounds = new Map<string, { sequence: number; from: number }[]>();
  const kept = new Map<string, Restored>();
  const waiting: string[] = [];
  const counts = { acknowledged: 0, manual: 0, compared: 0, refused: 0, partial: 0 };
  let failure: Violation | null = null;
  let comparing: Promise<void> | null = null;

  const restored = async (id: string): Promise<Restored> => {
    const known = kept.get(id);
    if (known) return known;
    const content = await repository.restored(id).catch((cause: unknown) => {
      throw new Violation(
        'acknowledged',
        `${id} cannot be restored: ${(cause as { stderr?: string }).stderr ?? cause}`,
      );
    });
    kept.set(id, content);
    for (const old of [...kept.keys()].slice(0, -KEPT)) kept.delete(old);
    return content;
  };

  const compare = async (id: string): Promise<void> => {
    const { row, at } = seen.get(id)!;
    const history = histories.get(row.machine_id)!;
    const content = await restored(id);
    const before = bounds.get(row.machine_id) ?? [];
    const earlier = before.filter(({ sequence }) => sequence < row.sequence).map(({ from }) => from);
    const told = Date.parse(row.created_at);
    const shaky = told > at || shifts.some(({ from, until }) => at > from && at < until + SHIFT_ECHO_MS);
    const from = Math.max(...earlier, held.get(id) ?? 0, shaky ? 0 : told);
    bounds.set(row.machine_id, [...before, { sequence: row.sequence, from }]);
    const fault = history.fault(content.files, content.ticks, from, at);
    if (fault)
      throw new Violation(
        'content',
        `${id.slice(0, 8)} (number ${row.sequence}, ${row.kind}, ${row.created_at}): ${fault}`,
      );
    counts.compared += 1;
  };
  /** One after the other, beside everything else. */
  const work = async (): Promise<void> => {
    for (;;) {
      const next = waiting.findIndex((id) => histories.has(seen.get(id)!.row.machine_id));
      if (next < 0) return;
      await compare(waiting.splice(next, 1)[0]!);
    }
  };
  const nudge = (): void => {
    comparing ??= work()
      .catch((cause: unknown) => {
        failure ??= cause instanceof Violation ? cause : new Violation('content', String(cause));
      })
      .finally(() => {
        comparing = null;
      });
  };
  const good = ({ row }: { readonly row: SnapshotJson }): boolean => !row.partial && row.kind !== 'pre-failover';
  const newestOf = (rows: readonly SnapshotJson[]): SnapshotJson | null =>
    rows.toSorted((a, b) => b.epoch - a.epoch || b.sequence - a.sequence)[0] ?? null;
  const goodRows = (): readonly SnapshotJson[] => [...seen.values()].filter(good).map(({ row }) => row);

  return {
    counts,
    failed: () => failure,
    async look() {
      const rows = await who.snapshots();
      const at = Date.now();
      const ids = new Set(rows.map(({ id }) => id));
      for (const { row } of seen.values())
        if (!ids.has(row.id))
          throw new Violation('acknowledged', `${row.id} (number ${row.sequence}) left the catalogue`);
      for (const row of rows) {
        if (row.status === 'FAILED') refused.add(row.id);
        if (seen.has(row.id) || row.status !== 'COMPLETED' || row.proved_at === null) continue;
        seen.set(row.id, { row, at });
        waiting.push(row.id);
        counts.acknowledged += 1;
        if (row.kind === 'manual') counts.manual += 1;
        if (row.partial) counts.partial += 1;
      }
      counts.refused = refused.size;
      nudge();
      return rows;
    },
    know(machine, history) {
      histories.set(machine, history);
      nudge();
    },
    mustHold: (snapshot, at) => void held.set(snapshot, at),
    beginShift: () => void shifts.push({ from: Date.now(), until: Number.POSITIVE_INFINITY }),
    endShift() {
      const last = shifts.at(-1);
      if (last) last.until = Math.min(last.until, Date.now());
    },
    contentOf: restored,
    newestBefore: (machine) => newestOf(goodRows().filter((row) => row.machine_id !== machine)),
    newest: () => newestOf(goodRows()),
    async settled() {
      nudge();
      while (comparing !== null) await comparing;
      if (failure) throw failure;
    },
    async finalCheck() {
      const there = new Set(await repository.ids());
      for (const id of seen.keys()) if (!there.has(id)) throw new Violation('acknowledged', `${id} is not in storage`);
      return await repository.check();
    },
  };
}

/** What was taken while the engine's clock was ahead is entered later, and dated then: storage refuses the engine as well. */
const SHIFT_ECHO_MS = 120_000;
const KEPT = 4;
