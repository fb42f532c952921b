import { dollars, microDollars } from '../domain/money.ts';
import type { RestorePriceJson } from '../http/json/plan.ts';

/** What storage asks for bringing files back, by whose prices, and what the price book charges for it. */
export function restorePriceWords(price: RestorePriceJson): string {
  const { prices, requests_dollars: requests, out_dollars: out, price_book: book, charge_dollars: charge } = price;
  const asks = `${money(requests + out)} (requests ${money(requests)}, what leaves it ${money(out)})`;
  const storage = prices.paid
    ? `storage asks ${asks}: the prices of ${prices.of}`
    : `storage here asks nothing; ${prices.of} would ask ${asks}`;
  return `${storage}; the price book ${book} charges ${money(charge)}`;
}

const money = (value: number): string => dollars(microDollars(value));
