import { marketplaceContract } from '../../contracts/marketplace.ts';
import { openRunpodWorld } from './runpod-world.ts';

marketplaceContract('RunPod', async () => await openRunpodWorld());

marketplaceContract('RunPod, whose lists are behind,', async () => {
  const world = await openRunpodWorld();
  world.account.traps.add('list-lag');
  return world;
});
