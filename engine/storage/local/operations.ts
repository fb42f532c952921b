import type { Action } from '../actions.ts';
import { abortUpload, createUpload } from './begin-upload.ts';
import { completeUpload } from './complete-upload.ts';
import { copyObject } from './copy-object.ts';
import { deleteObject, deleteObjects } from './delete-objects.ts';
import { listObjectsV1, listObjectsV2 } from './list-objects.ts';
import { listParts, listUploads } from './list-uploads.ts';
import { type Call, type Reply, xmlReply } from './operation.ts';
import { putObject } from './put-object.ts';
import { getObject, headObject } from './read-objects.ts';
import { type Asked, parameter } from './request.ts';
import type { Target } from './scope.ts';
import { uploadPart, uploadPartCopy } from './upload-part.ts';
import { xmlDocument } from './xml.ts';

/** Everything the server can do. */
export const OPERATIONS: Readonly<Record<Action | 'HeadBucket', (call: Call) => Promise<Reply>>> = {
  HeadBucket: async () => ({ status: 200, headers: { 'x-amz-bucket-region': REGION } }),
  GetBucketLocation: async () => xmlReply(xmlDocument('LocationConstraint', REGION)),
  ListObjectsV1: listObjectsV1,
  ListObjectsV2: listObjectsV2,
  HeadObject: headObject,
  GetObject: getObject,
  PutObject: putObject,
  CopyObject: copyObject,
  DeleteObject: deleteObject,
  DeleteObjects: deleteObjects,
  CreateMultipartUpload: createUpload,
  UploadPart: uploadPart,
  UploadPartCopy: uploadPartCopy,
  CompleteMultipartUpload: completeUpload,
  AbortMultipartUpload: abortUpload,
  ListMultipartUploads: listUploads,
  ListParts: listParts,
};

const REGION = 'auto';

/**
 * What a request needs permission for before it runs. A list is about all keys below its prefix. A batch of deletes is
 * checked key by key, and the source of a copy besides, by the operations themselves.
 */
export function targetOf(asked: Asked): Target {
  switch (asked.action) {
    case 'HeadBucket':
    case 'GetBucketLocation':
    case 'DeleteObjects':
      return 'bucket';
    case 'ListObjectsV1':
    case 'ListObjectsV2':
    case 'ListMultipartUploads':
      return { prefix: parameter(asked, 'prefix') ?? '' };
    default:
      return { key: asked.key };
  }
}
