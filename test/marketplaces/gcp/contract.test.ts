import { marketplaceContract } from '../../contracts/marketplace.ts';
import { openGcpWorld } from './gcp-world.ts';

marketplaceContract('Compute Engine', async () => await openGcpWorld());
