import { shellContract } from '../contracts/shell.ts';
import { openLocalWorld } from '../marketplaces/local/local-world.ts';

shellContract('the ssh2 shell on a local machine', async () => {
  const world = await openLocalWorld();
  const { instance, row } = await world.machine();
  return {
    connect: world.connect,
    address: row.address!,
    folder: '/tmp/shell',
    cutOff: async () => await world.market.misbehave(instance, 'vanished'),
    [Symbol.asyncDispose]: async () => await world[Symbol.asyncDispose](),
  };
});
