import { s3Key } from '../../infra/storage/credentials.ts';
import type { Account } from '../standins/cloudflare/account.ts';
import { type StorageWorld, storageWorld } from '../storage/storage-world.ts';

/** The S3 side of an account as it is now: its buckets under their locks, opened by the keys of its tokens. */
export async function r2Of(account: Account): Promise<StorageWorld> {
  const buckets = [...account.buckets.values()];
  const keys = [...account.tokens.values()].map((token) => ({ ...s3Key(token), scope: 'object-read-write' as const }));
  const world = await storageWorld({ keys, buckets: buckets.map(({ name }) => name) });
  for (const { name, locks } of buckets) await world.storage.setLocks(name, locks);
  return world;
}
