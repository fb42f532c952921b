import * as z from 'zod';
import { signTemporaryCredentials } from '../../../engine/storage/temporary-credentials.ts';
import { s3Key } from '../../../infra/storage/credentials.ts';
import { type Account, type Bucket, bucketKey } from './account.ts';
import { type Answer, ok, Refusal } from './answer.ts';
import type { Asked } from './serve.ts';

/** R2's administration: buckets, lifecycle, locks, temporary credentials. */
export async function r2(
  account: Account,
  [first, name, part, ...rest]: readonly string[],
  asked: Asked,
): Promise<Answer> {
  if (!account.r2Enabled) throw new Refusal(403, 10042, 'Please enable R2 through the Cloudflare Dashboard.');
  if (first === 'temp-access-credentials' && asked.method === 'POST') return temporary(account, asked);
  if (first !== 'buckets' || rest.length > 0) throw new Refusal(404, 7000, 'No route for that URI');
  const law = asked.jurisdiction;
  if (name === undefined) {
    if (asked.method === 'POST') return create(account, asked);
    const buckets = [...account.buckets.values()].filter(({ jurisdiction }) => jurisdiction === law);
    return ok({ buckets: buckets.map(shown) });
  }
  const bucket = account.buckets.get(bucketKey(law, name));
  if (!bucket) throw new Refusal(404, 10006, 'The specified bucket does not exist.');
  switch (`${asked.method} ${part ?? ''}`) {
    case 'GET ':
      return ok(shown(bucket));
    case 'DELETE ':
      if (bucket.objects > 0 || bucket.locks.some(({ enabled }) => enabled))
        throw new Refusal(409, 10008, 'The bucket you tried to delete is not empty.');
      account.buckets.delete(bucketKey(law, name));
      return ok({});
    case 'PUT lifecycle':
      bucket.lifecycle = Lifecycle.parse(asked.body).rules;
      return ok({});
    case 'GET lifecycle':
      return ok({ rules: bucket.lifecycle ?? [OWN_RULE] });
    case 'PUT lock':
      bucket.locks = Locks.parse(asked.body).rules;
      return ok({});
    case 'GET lock':
      return ok({ rules: bucket.locks });
    default:
      throw new Refusal(405, 10000, 'Method not allowed');
  }
}

const Create = z.object({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/),
  locationHint: z.enum(['apac', 'eeur', 'enam', 'weur', 'wnam', 'oc']).optional(),
  storageClass: z.enum(['Standard', 'InfrequentAccess']).default('Standard'),
});

const Condition = z.union([
  z.object({ type: z.literal('Age'), maxAgeSeconds: z.number().int().positive() }).strict(),
  z.object({ type: z.literal('Indefinite') }).strict(),
]);
const Locks = z.object({
  rules: z
    .array(
      z
        .object({ id: z.string().min(1), enabled: z.boolean(), prefix: z.string().default(''), condition: Condition })
        .strict(),
    )
    .max(1000)
    .refine((rules) => new Set(rules.map(({ id }) => id)).size === rules.length, { error: 'two rules of one id' }),
});
/** Of all that lifecycles can say, what this stand-in knows. */
const Lifecycle = z.object({
  rules: z.array(
    z
      .object({
        id: z.string().min(1),
        enabled: z.boolean(),
        conditions: z.object({ prefix: z.string() }).strict(),
        abortMultipartUploadsTransition: z.object({
          condition: z.object({ type: z.literal('Age'), maxAge: z.number().int().positive() }).strict(),
        }),
      })
      .strict(),
  ),
});

/** What a new bucket has by itself, and loses with the first list that is set. */
const OWN_RULE = {
  id: 'Default Multipart Abort Rule',
  enabled: true,
  conditions: { prefix: '' },
  abortMultipartUploadsTransition: { condition: { type: 'Age', maxAge: 604_800 } },
};

function create(account: Account, asked: Asked): Answer {
  const wanted = Create.safeParse(asked.body);
  if (!wanted.success) throw new Refusal(400, 10005, 'The specified bucket name is not valid.');
  const { name, locationHint, storageClass } = wanted.data;
  const key = bucketKey(asked.jurisdiction, name);
  if (account.buckets.has(key))
    throw new Refusal(409, 10004, 'The bucket you tried to create already exists, and you own it.');
  const bucket: Bucket = {
    name,
    jurisdiction: asked.jurisdiction,
    location: (locationHint ?? 'enam').toUpperCase(),
    storage_class: storageClass,
    creation_date: new Date().toISOString(),
    lifecycle: null,
    locks: [],
    objects: 0,
  };
  account.buckets.set(key, bucket);
  return ok(shown(bucket));
}

function shown({ name, jurisdiction, location, storage_class, creation_date }: Bucket) {
  return { name, jurisdiction, location, storage_class, creation_date };
}

const Temporary = z.object({
  bucket: z.string(),
  parentAccessKeyId: z.string(),
  permission: z.enum(['object-read-write', 'object-read-only']),
  ttlSeconds: z.number().int().min(1).max(604_800),
  prefixes: z.array(z.string()).default([]),
});

function temporary(account: Account, { body, jurisdiction, host }: Asked): Answer {
  const { bucket, parentAccessKeyId, permission, ttlSeconds, prefixes } = Temporary.parse(body);
  const parent = account.tokens.get(parentAccessKeyId);
  if (!parent) throw new Refusal(404, 10002, 'The parent access key does not exist.');
  if (!account.buckets.has(bucketKey(jurisdiction, bucket)))
    throw new Refusal(404, 10006, 'The specified bucket does not exist.');
  const grant = {
    endpoint: `http://${host}`,
    bucket,
    scope: permission,
    actions: [],
    prefixes,
    ttlMs: ttlSeconds * 1000,
  };
  const { expiresAt: _, ...credentials } = signTemporaryCredentials(
    { account: account.id, ...s3Key(parent) },
    grant,
    Date.now(),
  );
  return ok(credentials);
}
