import type { PlanQuote } from '../domain/doors.ts';
import { INTERVALS_MS, PLANS } from '../domain/plan.ts';
import type { Settings } from '../domain/settings.ts';
import { newestGood, type Snapshot } from '../domain/snapshot.ts';
import { imageBytesOf, priceOf, TYPICAL_DAY } from '../policy/plan-price.ts';
import { PRICE_BOOKS, restoreCharge, storageCharge } from '../policy/price-book.ts';

/** What each plan allows, and what storage would cost with it: for a workspace as large as this one is. */
export function plansFor(
  snapshots: readonly Snapshot[],
  { copies, wakeImage }: { readonly copies: number; readonly wakeImage: boolean },
  settings: Settings,
): readonly PlanQuote[] {
  const storedBytes = newestGood(snapshots)?.sizeBytes ?? TYPICAL_DAY.storedBytes;
  const day = {
    ...TYPICAL_DAY,
    storedBytes,
    changedBytes: Math.round((storedBytes / TYPICAL_DAY.storedBytes) * TYPICAL_DAY.changedBytes),
    imageBytes: wakeImage ? imageBytesOf(storedBytes) : 0,
  };
  return PLANS.map((name) => {
    const plan = settings.plans[name];
    const intervals = INTERVALS_MS.filter((ms) => ms >= plan.intervalMs).map((intervalMs) => {
      const priced = { intervalMs, days: plan.days, copies };
      return { intervalMs, price: priceOf(priced, day, settings.prices, settings.agent.compareEveryMs) };
    });
    const book = PRICE_BOOKS[settings.priceBook];
    const charge = {
      book: settings.priceBook,
      storageMicro: storageCharge(book, storedBytes + day.changedBytes * plan.days + day.imageBytes),
      restoreMicro: restoreCharge(book, storedBytes),
    };
    return { name, plan, day, charge, intervals };
  });
}
