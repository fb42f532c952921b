import { Secret } from '../../../engine/domain/secret.ts';
import { runpod } from '../../../engine/marketplaces/runpod/runpod.ts';
import type { MarketplaceWorld } from '../../contracts/marketplace.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { type Account, openAccount } from '../../standins/runpod/account.ts';
import { serveRunpod } from '../../standins/runpod/serve.ts';
import { selfMoving } from '../self-moving.ts';

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
    async until(look) {
      for (let i = 0; i < 200; i++) {
        if (await look()) return;
        await clock.advance(3_000);
      }
      throw new Error('it did not come so far in ten minutes');
    },
    [Symbol.asyncDispose]: async () => await standin[Symbol.asyncDispose](),
  };
}

export const ORDER = {
  image: 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime',
  diskGb: 40,
  publicKeys: ['ssh-ed25519 AAAA engine'],
  bootScript: '#!/bin/sh\necho boot\n',
  bootConfig: '{"tools":[]}\n',
  environment: { WANDB_MODE: 'offline' },
  ports: [8888],
};
