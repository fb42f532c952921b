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
    async ends({ method, url, headers, body }) {
      const reply = await fetch(url, { method, headers, body, signal: patience() });
      if (!reply.ok) throw new Error(`the call to end it was answered with ${reply.status}`);
    },
    [Symbol.asyncDispose]: async () => await world[Symbol.asyncDispose](),
  };
});
