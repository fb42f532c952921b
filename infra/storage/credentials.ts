import { createHash } from 'node:crypto';

export const JURISDICTIONS = ['default', 'eu', 'fedramp', 'us'] as const;
export type Jurisdiction = (typeof JURISDICTIONS)[number];

/** Reading, writing, listing and removing objects of the buckets named, and nothing about the buckets themselves. */
export const ITEM_WRITE = 'Workers R2 Storage Bucket Item Write';

/** Cloudflare's S3 keys are made from an API token: its id, and the hash of its value. */
export function s3Key(token: { readonly id: string; readonly value: string }) {
  return { accessKeyId: token.id, secretAccessKey: createHash('sha256').update(token.value).digest('hex') };
}

export function s3Endpoint(accountId: string, jurisdiction: Jurisdiction): string {
  const law = jurisdiction === 'default' ? '' : `.${jurisdiction}`;
  return `https://${accountId}${law}.r2.cloudflarestorage.com`;
}

/** What a token may reach: this one bucket. */
export function bucketResource(accountId: string, jurisdiction: Jurisdiction, bucket: string): string {
  return `com.cloudflare.edge.r2.bucket.${accountId}_${jurisdiction}_${bucket}`;
}
