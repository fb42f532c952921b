import { setTimeout as sleep } from 'node:timers/promises';
import { localMarketplace } from '../../../engine/marketplaces/local/local.ts';
import type { Computers } from './account.ts';

/** Rented machines that can really be logged in to: those of the local marketplace, told what vast would tell a container. */
export function localComputers(folder: string, searchPath: string): Computers & AsyncDisposable {
  const market = localMarketplace({ folder, bootMs: 0, searchPath });
  const instances = new Map<number, string>();
  const addresses = new Map<number, { host: string; port: number }>();
  const over = new AbortController();
  return {
    async begin(rental) {
      const free = await market.offers({ gpuCountMin: rental.physical.num_gpus }, over.signal);
      const environment = Object.entries(rental.env).filter(([name]) => !name.startsWith('-p '));
      const order = {
        label: String(rental.id),
        image: rental.image,
        diskGb: rental.disk,
        publicKeys: [], // its own start lets them in
        bootScript: rental.onstart,
        bootConfig: '',
        environment: Object.fromEntries(environment),
        ports: [],
      };
      const instance = await market.rent(free[0]!, order, async () => undefined, over.signal);
      instances.set(rental.id, instance);
      while (!over.signal.aborted && rental.endedAt === null) {
        const row = (await market.list(over.signal)).find((one) => one.instance === instance);
        if (row?.address) return void addresses.set(rental.id, row.address);
        await sleep(50);
      }
    },
    async end({ id }) {
      addresses.delete(id);
      const instance = instances.get(id);
      if (instance !== undefined) await market.destroy(instance, over.signal);
    },
    address: ({ id }) => addresses.get(id) ?? null,
    log: async ({ id }) => await market.bootLog(instances.get(id) ?? '', over.signal),
    async [Symbol.asyncDispose]() {
      over.abort(new Error('the stand-in ends'));
      await market.endAll();
    },
  };
}
