import { marketplaceContract } from '../../contracts/marketplace.ts';
import { route } from '../../standins/vast/route.ts';
import { openVastWorld, PROMPT } from './vast-world.ts';

marketplaceContract('vast', async () => {
  const world = openVastWorld({ boot: PROMPT });
  const { label: _, ...order } = world.order();
  return {
    marketplace: world.market,
    need: { gpu: 'RTX 4090' },
    order,
    until: async (look) => await world.until(look),
    async ends({ method, url, headers, body }) {
      const authorization = headers.authorization ?? null;
      const { status, text } = await route(world.account, {
        method,
        url: new URL(url),
        authorization,
        text: body ?? '',
      });
      if (status !== 200) throw new Error(`the call to end it was answered with ${status}: ${text}`);
    },
    async [Symbol.asyncDispose]() {
      world[Symbol.dispose]();
    },
  };
});
