import { createHash } from 'node:crypto';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  type GetObjectCommandOutput,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  type PutObjectCommandInput,
  type PutObjectCommandOutput,
  paginateListObjectsV2,
  S3Client,
  type S3ClientConfig,
  S3ServiceException,
} from '@aws-sdk/client-s3';

/** A server that speaks S3, and a bucket of it in which everything below `prefix` is ours. */
export interface S3Place {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Everyday calls below a place's prefix, with names instead of keys. */
export interface Hand extends AsyncDisposable {
  readonly place: S3Place;
  readonly client: S3Client;
  at(name: string): { readonly Bucket: string; readonly Key: string };
  put(name: string, body: Body, more?: Partial<PutObjectCommandInput>): Promise<PutObjectCommandOutput>;
  get(
    name: string,
    more?: Partial<GetObjectCommandInput>,
  ): Promise<GetObjectCommandOutput & { readonly bytes: Buffer }>;
  list(below: string, more?: Partial<ListObjectsV2CommandInput>): Promise<Listing>;
}

export type Body = NonNullable<PutObjectCommandInput['Body']>;

export interface Listing extends ListObjectsV2CommandOutput {
  readonly names: readonly string[];
  readonly groups: readonly string[];
}

/** Leaving its scope removes everything below the prefix. */
export function handOf(place: S3Place): Hand {
  const client = clientOf(place);
  const Bucket = place.bucket;
  const at = (name: string) => ({ Bucket, Key: place.prefix + name });
  const short = (key: string | undefined) => (key ?? '').slice(place.prefix.length);
  return {
    place,
    client,
    at,
    put: (name, Body, more = {}) => client.send(new PutObjectCommand({ ...at(name), Body, ...more })),
    async get(name, more = {}) {
      const output = await client.send(new GetObjectCommand({ ...at(name), ...more }));
      return { ...output, bytes: Buffer.from((await output.Body?.transformToByteArray()) ?? []) };
    },
    async list(below, more = {}) {
      const output = await client.send(new ListObjectsV2Command({ Bucket, Prefix: place.prefix + below, ...more }));
      const names = (output.Contents ?? []).map(({ Key }) => short(Key));
      return { ...output, names, groups: (output.CommonPrefixes ?? []).map(({ Prefix }) => short(Prefix)) };
    },
    async [Symbol.asyncDispose]() {
      await emptyBelow(client, Bucket, place.prefix);
      client.destroy();
    },
  };
}

/** A client as the SDK makes it, with nothing changed but where to go. */
export function clientOf(place: S3Place, options: S3ClientConfig = {}): S3Client {
  return new S3Client({
    endpoint: place.endpoint,
    region: place.region,
    forcePathStyle: true,
    credentials: { accessKeyId: place.accessKeyId, secretAccessKey: place.secretAccessKey },
    ...options,
  });
}

/** The code a server refused with; null when it did not. */
export async function refusal(call: Promise<unknown>): Promise<string | null> {
  try {
    await call;
    return null;
  } catch (thrown) {
    if (thrown instanceof S3ServiceException) return thrown.name;
    throw thrown;
  }
}

export async function statusOf(call: Promise<unknown>): Promise<number> {
  try {
    const output = (await call) as { $metadata: { httpStatusCode?: number } };
    return output.$metadata.httpStatusCode ?? 0;
  } catch (thrown) {
    if (thrown instanceof S3ServiceException) return thrown.$metadata.httpStatusCode ?? 0;
    throw thrown;
  }
}

export async function keysBelow(client: S3Client, bucket: string, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
    keys.push(...(page.Contents ?? []).flatMap(({ Key }) => Key ?? []));
  }
  return keys;
}

export async function emptyBelow(client: S3Client, bucket: string, prefix: string): Promise<void> {
  const keys = await keysBelow(client, bucket, prefix);
  for (let at = 0; at < keys.length; at += 1000) {
    const Objects = keys.slice(at, at + 1000).map((Key) => ({ Key }));
    await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }));
  }
}

export const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');
