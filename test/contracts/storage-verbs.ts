import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { Action } from '../../engine/storage/actions.ts';

export type Verb = Action | 'HeadBucket';

/** Where a verb is aimed: a key that exists below `prefix`, and an upload to it that has begun. */
export interface Aim {
  readonly Bucket: string;
  readonly prefix: string;
  readonly Key: string;
  readonly UploadId: string;
}

/** Every verb there is, once. */
export const VERBS: Readonly<Record<Verb, (client: S3Client, aim: Aim) => Promise<unknown>>> = {
  HeadBucket: (client, { Bucket }) => client.send(new HeadBucketCommand({ Bucket })),
  GetBucketLocation: (client, { Bucket }) => client.send(new GetBucketLocationCommand({ Bucket })),
  ListObjectsV1: (client, { Bucket, prefix }) => client.send(new ListObjectsCommand({ Bucket, Prefix: prefix })),
  ListObjectsV2: (client, { Bucket, prefix }) =>
    client.send(new ListObjectsV2Command({ Bucket, Prefix: `${prefix}locks/`, Delimiter: '/' })),
  ListMultipartUploads: (client, { Bucket, prefix }) =>
    client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: prefix })),
  ListParts: (client, { Bucket, Key, UploadId }) => client.send(new ListPartsCommand({ Bucket, Key, UploadId })),
  HeadObject: (client, { Bucket, Key }) => client.send(new HeadObjectCommand({ Bucket, Key })),
  GetObject: (client, { Bucket, Key }) => client.send(new GetObjectCommand({ Bucket, Key })),
  PutObject: (client, { Bucket, Key }) => client.send(new PutObjectCommand({ Bucket, Key, Body: 'changed' })),
  CopyObject: (client, { Bucket, Key }) =>
    client.send(new CopyObjectCommand({ Bucket, Key: `${Key}-copy`, CopySource: `${Bucket}/${Key}` })),
  CreateMultipartUpload: async (client, { Bucket, Key }) => {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key: `${Key}-begun` }));
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key: `${Key}-begun`, UploadId }));
  },
  UploadPart: (client, { Bucket, Key, UploadId }) =>
    client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'part' })),
  UploadPartCopy: (client, { Bucket, Key, UploadId }) =>
    client.send(new UploadPartCopyCommand({ Bucket, Key, UploadId, PartNumber: 2, CopySource: `${Bucket}/${Key}` })),
  CompleteMultipartUpload: async (client, { Bucket, Key, UploadId }) => {
    const sent = { PartNumber: 1, Body: 'part' };
    const { ETag } = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, ...sent }));
    const Parts = [{ PartNumber: 1, ETag }];
    await client.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
  },
  AbortMultipartUpload: (client, { Bucket, Key, UploadId }) =>
    client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId })),
  DeleteObjects: async (client, { Bucket, Key }) => {
    const { Errors } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key }] } }));
    if (Errors?.length) throw refused(Errors[0]?.Code ?? ''); // AWS and others answer 200, and refuse one by one
  },
  DeleteObject: (client, { Bucket, Key }) => client.send(new DeleteObjectCommand({ Bucket, Key })),
};

const refused = (name: string): S3ServiceException =>
  new S3ServiceException({
    name,
    $fault: 'client',
    $metadata: { httpStatusCode: name === 'AccessDenied' ? 403 : 400 },
  });
