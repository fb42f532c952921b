/** What object storage asks for: calls that write or list (A), calls that read (B), bytes that lie there, bytes that leave. */
export interface StoragePrices {
  /** Whose prices they are. */
  readonly of: string;
  readonly microPerA: number;
  readonly microPerB: number;
  readonly microPerGbMonth: number;
  readonly microPerGbOut: number;
  /** What costs an account nothing in a month, all its buckets together. */
  readonly free: { readonly gbMonths: number; readonly a: number; readonly b: number; readonly gbOut: number };
}

export interface Calls {
  readonly a: number;
  readonly b: number;
}

export const NONE_FREE: StoragePrices['free'] = { gbMonths: 0, a: 0, b: 0, gbOut: 0 };

/** Whoever pays other prices names them. */
export const STORAGE_PRICES = {
  // https://developers.cloudflare.com/r2/pricing/, standard storage, as it stood in September 2026
  r2: {
    of: 'Cloudflare R2',
    microPerA: 4.5,
    microPerB: 0.36,
    microPerGbMonth: 15_000,
    microPerGbOut: 0,
    free: { gbMonths: 10, a: 1_000_000, b: 10_000_000, gbOut: 0 },
  },
  // As others quote https://aws.amazon.com/s3/pricing/: standard, us-east-1, the first tier. Nobody has compared it with a bill.
  s3: {
    of: 'Amazon S3',
    microPerA: 5,
    microPerB: 0.4,
    microPerGbMonth: 23_000,
    microPerGbOut: 90_000,
    free: { ...NONE_FREE, gbOut: 100 },
  },
  // As others quote https://www.backblaze.com/cloud-storage/transaction-pricing, and compared with no bill either: only lists of the calls that write or list cost something, four
  // of the ten of a backup; 2,500 a day are free, and what leaves is up to three times what lies there.
  b2: {
    of: 'Backblaze B2',
    microPerA: 1.6,
    microPerB: 0.4,
    microPerGbMonth: 6_000,
    microPerGbOut: 0,
    free: { gbMonths: 10, a: 187_500, b: 75_000, gbOut: 0 },
  },
  none: { of: 'nobody', microPerA: 0, microPerB: 0, microPerGbMonth: 0, microPerGbOut: 0, free: NONE_FREE },
} as const satisfies Readonly<Record<string, StoragePrices>>;

export type StoragePricesName = keyof typeof STORAGE_PRICES;

/** Which service that is, by its address; null where that does not tell. */
export function serviceAt(endpoint: string): StoragePricesName | null {
  const host = new URL(endpoint).hostname;
  if (host.endsWith('.r2.cloudflarestorage.com')) return 'r2';
  if (/(^|\.)amazonaws\.com(\.cn)?$/.test(host)) return 's3';
  return host.endsWith('.backblazeb2.com') ? 'b2' : null;
}

/**
 * `r2`, `s3`, `b2`, `none`, or one's own in dollars: a month of a GB, a million calls that write or list, a million that read,
 * and a GB that leaves, like `0.02,5,0.4,0.01`; null where it is none of these.
 */
export function readStoragePrices(text: string): StoragePrices | null {
  const name = text.trim().toLowerCase();
  if (Object.hasOwn(STORAGE_PRICES, name)) return STORAGE_PRICES[name as StoragePricesName];
  const given = name.split(',').map((part) => (/^\s*\d+(\.\d+)?\s*$/.test(part) ? Number(part) : Number.NaN));
  const [gbMonth = Number.NaN, a = Number.NaN, b = Number.NaN, gbOut = 0, more] = given;
  if (more !== undefined || ![gbMonth, a, b, gbOut].every(Number.isFinite)) return null;
  const MICRO = 1e6;
  return {
    of: 'DUMONT_S3_PRICES',
    microPerGbMonth: gbMonth * MICRO,
    microPerA: a,
    microPerB: b,
    microPerGbOut: gbOut * MICRO,
    free: NONE_FREE,
  };
}
