import { type Bill, type Raise, rateAt } from '../domain/bill.ts';
import type { PriceIncrease } from '../domain/marketplace.ts';
import { perHour } from '../domain/money.ts';
import type { Workspace } from '../domain/workspace.ts';
import { clockTime } from './idle-words.ts';

/** What its host wants more of this machine by now; what is withdrawn counts no longer, what was agreed to stays. */
export function raisesOf(
  bill: Pick<Bill, 'raises' | 'dollarsPerHour'>,
  asked: readonly PriceIncrease[],
): readonly Raise[] {
  const known = bill.raises.filter(({ id, agreed }) => agreed || asked.some((one) => one.id === id));
  const fresh = asked
    .filter(({ id }) => !known.some((raise) => raise.id === id))
    .map(
      ({ id, from, besides, moreDollarsPerHour }): Raise => ({
        id,
        from,
        dollarsPerHour: Number((rateAt({ ...bill, raises: known }, from) + moreDollarsPerHour).toFixed(6)),
        besides,
        agreed: false,
      }),
    );
  return [...known, ...fresh].toSorted((a, b) => a.from - b.from);
}

/** The most that somebody said they pay for an hour of it; undefined where nobody said anything. */
export const capOf = ({ spec, wish }: Pick<Workspace, 'spec' | 'wish'>): number | undefined =>
  wish.need.dollarsPerHourMax ?? spec.need.dollarsPerHourMax;

/** Paid is only what somebody said that they pay; traffic has no cap, so nobody said it of that. */
export const isPaid = ({ dollarsPerHour, besides }: Raise, cap: number | undefined): boolean =>
  besides === null && cap !== undefined && dollarsPerHour <= cap;

/** What a host wants, and what becomes of it. */
export function raiseWords(raise: Raise, before: number, cap: number | undefined, now: number): string {
  const from = raise.from > now ? `from ${clockTime(raise.from, now)} on` : 'from now on';
  const wants = `its host wants ${perHour(raise.dollarsPerHour)} instead of ${perHour(before)} ${from}`;
  const besides = raise.besides === null ? '' : `, and ${raise.besides}`;
  const limit = cap === undefined ? 'nobody has said what may be paid' : `${perHour(cap)} may be paid`;
  const then = raise.agreed ? 'that is paid' : 'it is saved and let go before';
  return `${wants}${besides}; ${limit}: ${then}`;
}

/** The rental ends so soon that its machine has to be saved now; null while it does not. */
export function endingRaise({ raises }: Pick<Bill, 'raises'>, now: number, endingMs: number): Raise | null {
  return raises.find(({ agreed, from }) => !agreed && from - now <= endingMs) ?? null;
}

/** Its rental ends so soon, and nobody asks for more to let it go on; null while it does not. */
export function rentalEnd(
  { raises, endsAt }: Pick<Bill, 'raises' | 'endsAt'>,
  now: number,
  endingMs: number,
): string | null {
  if (endsAt === undefined || endsAt <= now || endsAt - now > endingMs) return null;
  if (raises.some(({ from }) => from >= endsAt)) return null;
  return `its rental ends at ${clockTime(endsAt, now)}; it is saved before, and goes on on another machine`;
}
