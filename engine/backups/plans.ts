import type { PlanQuotes } from '../domain/doors.ts';
import { INTERVALS_MS, PLANS, type PricesSaid, type RestorePrice } from '../domain/plan.ts';
import type { Settings } from '../domain/settings.ts';
import { newestGood, type Snapshot } from '../domain/snapshot.ts';
import { imageBytesOf, priceOf, restorePrice, rhythmOf, TYPICAL_DAY } from '../policy/plan-price.ts';
import { PRICE_BOOKS, restoreCharge, storageCharge } from '../policy/price-book.ts';

/** What each plan allows, and what storage would cost with it: for a workspace as large as this one is. */
export function plansFor(
  snapshots: readonly Snapshot[],
  { copies, wakeImage, restoreBytes }: Wanted,
  settings: Settings,
): PlanQuotes {
  const storedBytes = newestGood(snapshots)?.sizeBytes ?? TYPICAL_DAY.storedBytes;
  const day = {
    ...TYPICAL_DAY,
    storedBytes,
    changedBytes: Math.round((storedBytes / TYPICAL_DAY.storedBytes) * TYPICAL_DAY.changedBytes),
    imageBytes: wakeImage ? imageBytesOf(storedBytes) : 0,
  };
  const rhythm = rhythmOf(settings);
  const plans = PLANS.map((name) => {
    const plan = settings.plans[name];
    const intervals = INTERVALS_MS.filter((ms) => ms >= plan.intervalMs).map((intervalMs) => {
      const priced = { intervalMs, days: plan.days, copies };
      return { intervalMs, price: priceOf(priced, day, settings.prices, rhythm) };
    });
    const book = PRICE_BOOKS[settings.priceBook];
    const charge = {
      book: settings.priceBook,
      storageMicro: storageCharge(book, storedBytes + day.changedBytes * plan.days + day.imageBytes),
    };
    return { name, plan, day, charge, intervals };
  });
  const restore = restoreOf(restoreBytes ?? storedBytes, wakeImage, settings);
  return { prices: pricesSaid(settings), restore, ladder: settings.retention.ladder, plans };
}

interface Wanted {
  /** How many places hold it: the hot repository, the vault, another one. */
  readonly copies: number;
  readonly wakeImage: boolean;
  /** Null: all of it. */
  readonly restoreBytes: number | null;
}

/** What a restore of so much costs, before anybody chooses a snapshot. */
export function restoreOf(bytes: number, wakeImage: boolean, settings: Settings): RestorePrice {
  const { priceBook: book, prices } = settings;
  const price = restorePrice(bytes, wakeImage, prices);
  return {
    prices: pricesSaid(settings),
    bytes,
    ...price,
    book,
    chargeMicro: restoreCharge(PRICE_BOOKS[book], bytes),
  };
}

const pricesSaid = ({ prices, storagePrices }: Settings): PricesSaid => ({
  of: prices.of,
  paid: storagePrices.here === prices,
});
