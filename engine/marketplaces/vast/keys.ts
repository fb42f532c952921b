import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import type { EndCall } from '../../domain/heartbeat.ts';
import type { Listed } from '../../domain/marketplace.ts';
import type { Clock } from '../../domain/ports.ts';
import { writeWhole } from '../../files/whole-file.ts';

const Kept = z.record(z.string(), z.object({ key: z.string(), at: z.number() }));
type Kept = z.infer<typeof Kept>;

/**
 * Keys with which machines end themselves. Vast tells one when it makes the machine and never again, so they lie in a file
 * that only its owner can read, for as long as the machine is there.
 */
export function openKeys(file: string | null, clock: Clock) {
  let kept: Kept = file === null ? {} : read(file);
  const seen = new Set<string>();

  function write(next: Kept): void {
    kept = next;
    if (file === null) return;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeWhole(file, JSON.stringify(kept));
  }

  return {
    keep(instance: string, key: string): void {
      write({ ...kept, [instance]: { key, at: clock.now() } });
    },
    /** A list shows a new machine late, so only one that was in a list before has ended. */
    listed(all: readonly Listed[]): void {
      const there = new Set(all.map(({ instance }) => instance));
      const ended = Object.entries(kept).filter(
        ([instance, { at }]) => !there.has(instance) && (seen.has(instance) || clock.now() - at > LATE_MS),
      );
      for (const instance of there) seen.add(instance);
      if (ended.length === 0) return;
      for (const [instance] of ended) seen.delete(instance);
      write(Object.fromEntries(Object.entries(kept).filter(([instance]) => !ended.some(([one]) => one === instance))));
    },
    endCall(url: string, instance: string): EndCall | null {
      const key = kept[instance]?.key;
      if (key === undefined) return null;
      const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
      return { method: 'DELETE', url: `${url}/api/v0/instances/${instance}/`, headers, body: '{}' };
    },
  };
}

const LATE_MS = 3_600_000;

function read(file: string): Kept {
  try {
    return Kept.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return {}; // then machines that hear nothing from us save themselves and stay
  }
}
