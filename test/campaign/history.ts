import { createHash } from 'node:crypto';

/** What files hold, by their path below /workspace; null: there is no such file. */
export type Content = ReadonlyMap<string, string>;

/** All that was written on one machine from its wake to its end, so that any of its snapshots can be judged. */
export interface History {
  /** Something that began and ended at these moments made these files what they are now. */
  wrote(files: ReadonlyMap<string, string | null>, began: number, ended: number): void;
  now(): Content;
  /** A program on the machine only ever appends to this file; so much of it was seen at this moment. */
  sawTicks(text: string, at: number): void;
  ticks(): string;
  /**
   * What is wrong with this as a picture of the machine that was taken between two moments: all that was written before
   * must be in it, and nothing that was never there. Null: nothing.
   */
  fault(seen: Content, ticks: string, from: number, until: number): string | null;
}

export function historyOf(base: Content, baseTicks: string): History {
  const changes = new Map<string, Change[]>();
  const current = new Map(base);
  const sizes: { readonly at: number; readonly length: number }[] = [
    { at: Number.NEGATIVE_INFINITY, length: baseTicks.length },
  ];
  let ticks = baseTicks;
  return {
    wrote(files, began, ended) {
      for (const [path, digest] of files) {
        const before = changes.get(path) ?? [{ digest: base.get(path) ?? null, began: -Infinity, ended: -Infinity }];
        changes.set(path, [...before, { digest, began, ended }]);
        if (digest === null) current.delete(path);
        else current.set(path, digest);
      }
    },
    now: () => current,
    sawTicks(text, at) {
      ticks = text;
      sizes.push({ at, length: text.length });
    },
    ticks: () => ticks,
    fault(seen, seenTicks, from, until) {
      for (const path of new Set([...seen.keys(), ...base.keys(), ...changes.keys()])) {
        const digest = seen.get(path) ?? null;
        const states = changes.get(path) ?? [{ digest: base.get(path) ?? null, began: -Infinity, ended: -Infinity }];
        const possible = states.filter(
          (state, i) => state.began <= until && (states[i + 1]?.ended ?? Infinity) >= from,
        );
        if (possible.some((state) => state.digest === digest)) continue;
        const was = states.findLast((state) => state.digest === digest);
        const due = possible[0]!;
        return `${path} ${digest === null ? 'is missing' : was ? 'is older than it should be' : 'holds what nobody wrote'}${
          due.ended > 0
            ? `; it was ${due.digest === null ? 'removed' : 'written'} ${Math.round(from - due.ended)} ms before`
            : ''
        }`;
      }
      const least = sizes.findLast(({ at }) => at <= from)?.length ?? 0;
      if (seenTicks.length < least) return `${least - seenTicks.length} bytes of what a program wrote are missing`;
      if (!seenTicks.startsWith(ticks.slice(0, seenTicks.length)) || !seenTicks.startsWith(baseTicks))
        return 'what a program wrote is not what it was';
      return null;
    },
  };
}

interface Change {
  readonly digest: string | null;
  readonly began: number;
  readonly ended: number;
}

export const digestOf = (bytes: string | Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex').slice(0, 32);
