import { Secret } from '../../../engine/domain/secret.ts';
import { runpod } from '../../../engine/marketplaces/runpod/runpod.ts';
import type { MarketplaceWorld } from '../../contracts/marketplace.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { type Account, openAccount } from '../../standins/runpod/account.ts';
import { serveRunpod } from '../../standins/runpod/serve.ts';
import { selfMoving } from '../self-moving.ts';
import { lookingIn, ORDER } from '../standin-world.ts';

export interface RunpodWorld extends MarketplaceWorld {
  readonly account: Account;
  readonly clock: FakeClock;
  readonly url: string;
}

/** An account at the stand-in and a client of it, under one clock. */
export async function openRunpodWorld(key?: string): Promise<RunpodWorld> {
  const clock = new FakeClock();
  const account = openAccount(clock);
  const standin = await serveRunpod(account);
  const options = { api: standin.url, key: new Secret(key ?? account.key), clock: selfMoving(clock), timeoutMs: 2_000 };
  return {
    account,
    clock,
    url: standin.url,
    marketplace: runpod(options),
    need: { gpu: 'RTX 4090' },
    order: ORDER,
    until: lookingIn(clock),
    [Symbol.asyncDispose]: async () => await standin[Symbol.asyncDispose](),
  };
}
