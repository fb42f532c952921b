/** How the bot itself is doing, for its owner. */
export interface Diagnosis {
  readonly shards: readonly { readonly shard: number; readonly status: string; readonly heardMsAgo: number | null }[];
  readonly invalidRequests: number;
  readonly panelsOpen: number;
  readonly panelsWaiting: number;
  readonly acknowledgedMs: { readonly p50: number; readonly p99: number; readonly count: number };
  readonly memoryBytes: number;
}
