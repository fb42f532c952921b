/** What a key may be allowed to do, in the words of R2: the operations a temporary credential can list. */
export const READ = [
  'HeadObject',
  'GetObject',
  'GetBucketLocation',
  'ListObjectsV1',
  'ListObjectsV2',
  'ListMultipartUploads',
  'ListParts',
] as const;

export const WRITE = [
  'PutObject',
  'DeleteObject',
  'DeleteObjects',
  'CopyObject',
  'CreateMultipartUpload',
  'UploadPart',
  'UploadPartCopy',
  'AbortMultipartUpload',
  'CompleteMultipartUpload',
] as const;

export const ACTIONS = [...READ, ...WRITE] as const;
export type Action = (typeof ACTIONS)[number];

export const SCOPES = ['object-read-only', 'object-read-write', 'admin-read-only', 'admin-read-write'] as const;
export type ScopeName = (typeof SCOPES)[number];

/**
 * What a machine gets: objects of its own prefix, by name and by list, and nothing that is about the bucket. No copies and
 * no batch deletes, since nothing on a machine needs them.
 */
export const MACHINE: Readonly<Record<'read' | 'write', readonly Action[]>> = {
  read: ['HeadObject', 'GetObject', 'ListObjectsV1', 'ListObjectsV2'],
  write: [
    'HeadObject',
    'GetObject',
    'ListObjectsV1',
    'ListObjectsV2',
    'PutObject',
    'DeleteObject',
    'CreateMultipartUpload',
    'UploadPart',
    'CompleteMultipartUpload',
    'AbortMultipartUpload',
  ],
};
