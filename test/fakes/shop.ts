import type { Charge } from '../../engine/domain/journals.ts';
import type { Ports } from '../../engine/domain/ports.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { NONE_FREE, STORAGE_PRICES } from '../../engine/domain/storage-prices.ts';
import { noUpkeep } from '../../engine/domain/upkeep.ts';
import { keepBooks, readBills } from '../../engine/money/books.ts';
import { aWorkspace } from '../contracts/store-rows.ts';
import { FakeClock } from './clock.ts';
import { FAKE_DISK_GB, FakeMarketplace, standardOffers } from './marketplace.ts';
import { FakeStorage } from './storage.ts';
import { FakeJournals, FakeStore } from './store.ts';

/** R2's prices, without what is free there. */
const R2 = { ...STORAGE_PRICES.r2, free: NONE_FREE };
export const PRICED = { ...DEFAULTS, storagePrices: { here: R2, elsewhere: R2 } };

/** A marketplace that prices disks and traffic, a workspace and its books, without anything between them. */
export async function shop() {
  const clock = new FakeClock();
  const store = new FakeStore();
  const journals = new FakeJournals();
  const priced = standardOffers(40).map((offer) => ({ ...offer, stoppedDollarsPerGbMonth: 0.2 }));
  const marketplace = new FakeMarketplace(clock, new FakeStorage(), priced);
  marketplace.showBill();
  const counters = new Map<string, { receivedBytes: number; sentBytes: number }>();
  const ports = {
    settings: PRICED,
    clock,
    store,
    journals,
    marketplaces: new Map([[marketplace.name, marketplace]]),
    heartbeats: { latest: (id: string) => ({ status: { network: counters.get(id) } }) },
    vaults: [],
    log: () => undefined,
  } as unknown as Ports;
  const lab = aWorkspace({ id: 'lab', createdAt: clock.now() });
  await store.save('workspaces', { ...lab, spec: { ...lab.spec, diskGb: FAKE_DISK_GB, wakeImage: false } });
  await store.save('upkeep', { ...noUpkeep('lab'), hot: { bytes: 30e9, objects: 1, at: 0 } });
  return { clock, store, journals, marketplace, counters, ports };
}

export const NO_ORDER = {
  image: '',
  diskGb: 1,
  publicKeys: [],
  bootScript: '',
  bootConfig: '',
  environment: {},
  ports: [],
};

/** Somebody who keeps the books; in a crash the power goes right after so many more entries are written. */
export function bookkeeper(journals: FakeJournals, ports: Ports) {
  let left = Number.POSITIVE_INFINITY;
  const append = journals.append.bind(journals);
  journals.append = async (journal, entry) => {
    await append(journal, entry);
    left -= 1;
    if (left < 0) throw new Error('the power went right after it was written');
  };
  const book = async (): Promise<void> => {
    await keepBooks(ports);
    await readBills(ports, new AbortController().signal);
  };
  const crash = async (after: number): Promise<void> => {
    left = after;
    await book().catch(() => undefined);
    left = Number.POSITIVE_INFINITY;
  };
  return { book, crash };
}

/** What a crash made somebody write again is one entry. */
export const once = (journals: FakeJournals): readonly Charge[] => [
  ...new Map(journals.entries.ledger.map((one) => [one.id, one])).values(),
];
export const ofMachines = (journals: FakeJournals): readonly Charge[] =>
  once(journals).filter(({ machine }) => machine !== null);
export const total = (journals: FakeJournals): number =>
  ofMachines(journals).reduce((sum, { micro }) => sum + micro, 0);
