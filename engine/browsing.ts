import { Failure } from './domain/failures.ts';
import type { Need } from './domain/marketplace.ts';
import type { Marketplace, Ports } from './domain/ports.ts';
import type { AskOffers, Seen } from './offers.ts';

/**
 * For people who look around: searches are few a minute, and those of races go first. Who asks the same within seconds gets
 * what was seen; who would wait for long gets what was seen within minutes, with its age.
 */
export function openBrowsing({ clock }: Pick<Ports, 'clock'>): AskOffers {
  const seen = new Map<string, Seen>();
  const underway = new Map<string, Promise<Seen>>();

  const look = (key: string, marketplace: Marketplace, need: Need): Promise<Seen> => {
    const looking = marketplace
      .offers(need, AbortSignal.timeout(LOOK_MS), { browsing: true })
      .then((offers) => {
        const fresh = { offers, at: clock.now() };
        seen.delete(key);
        seen.set(key, fresh);
        for (const old of [...seen.keys()].slice(0, -SEEN_MAX)) seen.delete(old);
        return fresh;
      })
      .finally(() => underway.delete(key));
    looking.catch(() => undefined); // whoever asked may be gone
    underway.set(key, looking);
    return looking;
  };

  return async (marketplace, need, signal, rough) => {
    const key = `${marketplace.name} ${JSON.stringify(need)}`;
    const known = seen.get(key);
    if (known && clock.now() - known.at < (rough ? OLD_MS : FRESH_MS)) return known;
    const usable = known && clock.now() - known.at < OLD_MS ? known : null;
    const looking = underway.get(key) ?? look(key, marketplace, need);
    const over = new AbortController();
    const patience = async (): Promise<Seen> => {
      await clock.sleep(usable ? HASTE_MS : PATIENCE_MS, AbortSignal.any([signal, over.signal]));
      if (usable) return usable;
      throw new Failure('marketplace_busy', { marketplace: marketplace.name, why: FEW });
    };
    try {
      return await Promise.race([looking, patience()]);
    } finally {
      over.abort(OVER);
    }
  };
}

const FEW = 'searches are few a minute, and the last of them are kept for races';
const FRESH_MS = 15_000;
const OLD_MS = 10 * 60_000;
/** So long somebody waits who could see an older list, and who could not. */
const HASTE_MS = 3_000;
const PATIENCE_MS = 30_000;
/** A look that nobody waits for any more is still there for the next who asks. */
const LOOK_MS = 120_000;
const SEEN_MAX = 100;
const OVER = new Error('it was answered');
