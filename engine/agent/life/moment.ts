import * as z from 'zod';
import { readIfThere } from '../../files/whole-file.ts';

/**
 * A point in time that keeps its meaning when the machine's clock jumps: as long as the machine has not been started anew,
 * it is counted from a clock that only goes forward and that all its processes share.
 */
export const Moment = z.object({ boot: z.string(), upMs: z.number(), wallMs: z.number() });
export type Moment = z.infer<typeof Moment>;

/** Of intervals: the wall clock has no say in them. */
export const upMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);

export const momentAt = (up: number): Moment => ({ boot: boot(), upMs: up, wallMs: Date.now() - (upMs() - up) });

/** What this machine's clock would have said then, had it always gone as it goes now. */
export function wallOf(moment: Moment): number {
  return moment.boot === boot() ? Date.now() - (upMs() - moment.upMs) : moment.wallMs;
}

let known: string | null = null;

function boot(): string {
  known ??= (readIfThere('/proc/sys/kernel/random/boot_id') ?? '').trim();
  return known;
}
