import { join } from 'node:path';
import type { MarketplaceAccount, MarketplaceAccounts } from '../domain/marketplace-account.ts';
import type { Clock, Marketplace } from '../domain/ports.ts';
import { gcp } from './gcp/gcp.ts';
import { runpod } from './runpod/runpod.ts';
import { vast } from './vast/vast.ts';

/**
 * Every marketplace that there is an account for. Beside these the local one offers nothing: its machines do for trying
 * Dumont out, and are cheaper than any that people mean when they have an account. What runs there ends as usual. What a
 * marketplace says once and never again lies in `folder`.
 */
export function openMarketplaces(
  accounts: MarketplaceAccounts,
  local: Marketplace,
  clock: Clock,
  folder: string,
): ReadonlyMap<string, Marketplace> {
  const real = rentedFrom(accounts, clock, folder);
  const beside: Marketplace = real.length === 0 ? local : { ...local, offers: async () => [] };
  const standby = standbysFrom(accounts, clock);
  return new Map([...real, ...standby, beside].map((marketplace) => [marketplace.name, marketplace]));
}

/** Those that machines without a GPU are rented from, for when none with one can be had. */
export const standbysFrom = (accounts: MarketplaceAccounts, clock: Clock): readonly Marketplace[] =>
  accounts.gcp ? [gcp({ ...accounts.gcp, clock })] : [];

/** Those that machines are really rented from. */
export function rentedFrom(accounts: MarketplaceAccounts, clock: Clock, folder: string): readonly Marketplace[] {
  return [
    ...(accounts.vast ? [vastIn(folder, accounts.vast, clock)] : []),
    ...(accounts.runpod ? [runpod({ ...accounts.runpod, clock })] : []),
  ];
}

function vastIn(folder: string, { key, api }: MarketplaceAccount, clock: Clock): Marketplace {
  const keysFile = join(folder, 'vast-machine-keys.json');
  return vast({ url: api, key: key.reveal(), keysFile, clock, random: Math.random });
}
