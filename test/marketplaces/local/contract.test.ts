import { marketplaceContract } from '../../contracts/marketplace.ts';
import { openLocalWorld, patience, until } from './local-world.ts';

marketplaceContract('local', async () => {
  const world = await openLocalWorld();
  const { label: _, ...order } = world.order();
  return {
    marketplace: world.market,
    need: { gpu: 'RTX 4090' },
    order,
    until: async (look) => void (await until(look)),
    async answers(host, port) {
      const shell = await world.connect({ host, port }, null, patience()).catch(() => null);
      await shell?.[Symbol.asyncDispose]();
      return shell !== null;
    },
    [Symbol.asyncDispose]: async () => await world[Symbol.asyncDispose](),
  };
});
