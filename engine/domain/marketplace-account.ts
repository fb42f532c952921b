import type { Secret } from './secret.ts';

/** An account at a marketplace: its key, and where that marketplace, or a stand-in for it, answers. */
export interface MarketplaceAccount {
  readonly key: Secret;
  readonly api: string;
}

export interface MarketplaceAccounts {
  readonly vast: MarketplaceAccount | null;
  readonly runpod: MarketplaceAccount | null;
  /** Only for standbys: machines without a GPU. */
  readonly gcp: (MarketplaceAccount & { readonly zones: readonly string[]; readonly machineType: string }) | null;
}
