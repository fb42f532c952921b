import type { FakeClock } from '../fakes/clock.ts';

export const ORDER = {
  image: 'pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime',
  diskGb: 40,
  publicKeys: ['ssh-ed25519 AAAA engine'],
  bootScript: '#!/bin/sh\necho boot\n',
  bootConfig: '{"tools":[]}\n',
  environment: { WANDB_MODE: 'offline' },
  ports: [8888],
};

/** Lets ten minutes go by, and looks all the while. */
export const lookingIn =
  (clock: FakeClock) =>
  async (look: () => Promise<boolean> | boolean): Promise<void> => {
    for (let i = 0; i < 200; i++) {
      if (await look()) return;
      await clock.advance(3_000);
    }
    throw new Error('it did not come so far in ten minutes');
  };
