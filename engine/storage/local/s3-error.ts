/** Every way a request can be refused: the status that goes with the code, and the sentence. Codes and statuses are R2's. */
const CODES = {
  AccessDenied: [403, 'Access Denied.'],
  AuthorizationHeaderMalformed: [400, 'The authorization header is malformed.'],
  BadDigest: [400, 'The digest you sent does not match what was received.'],
  EntityTooLarge: [400, 'The object is larger than the maximum allowed size.'],
  EntityTooSmall: [400, 'A part that is not the last one is smaller than the minimum allowed size.'],
  ExpiredRequest: [400, 'The request has expired.'],
  ExpiredToken: [400, 'The session token has expired.'],
  IncompleteBody: [400, 'The body ended before its announced length.'],
  InternalError: [500, 'We met an internal error. Please try again.'],
  InvalidArgument: [400, 'An argument is not valid.'],
  InvalidChunkSizeError: [403, 'Only the last chunk may have less than 8192 bytes.'],
  InvalidDigest: [400, 'The digest you sent is not valid.'],
  InvalidObjectName: [400, 'The object name is too long or is not valid UTF-8.'],
  InvalidPart: [400, 'A part could not be found, or its entity tag does not match.'],
  InvalidPartOrder: [400, 'The parts are not in ascending order.'],
  InvalidRange: [416, 'The requested range is not satisfiable.'],
  InvalidRequest: [400, 'The request is not valid.'],
  InvalidToken: [400, 'The session token is malformed or otherwise not valid.'],
  InvalidURI: [400, 'The URI could not be read.'],
  MalformedXML: [400, 'The XML you sent is not well formed or does not fit.'],
  MetadataTooLarge: [400, 'The metadata is larger than the maximum allowed size.'],
  MethodNotAllowed: [405, 'The method is not allowed against this resource.'],
  MissingContentLength: [411, 'The Content-Length header is missing.'],
  NoSuchBucket: [404, 'The specified bucket does not exist.'],
  NoSuchKey: [404, 'The specified key does not exist.'],
  NoSuchUpload: [404, 'The multipart upload does not exist. It may have been completed or aborted.'],
  NotImplemented: [501, 'This operation is not implemented.'],
  ObjectLockedByBucketPolicy: [403, 'The object is locked by the bucket policy.'],
  PreconditionFailed: [412, 'A precondition you gave did not hold.'],
  RequestTimeTooSkewed: [403, 'The difference between the request time and our time is too large.'],
  SignatureDoesNotMatch: [403, 'The signature we calculated does not match the one you provided.'],
  StorageFull: [507, 'There is no space left to store this.'],
  Unauthorized: [401, 'The credentials are missing or not known.'],
  XAmzContentSHA256Mismatch: [400, 'The x-amz-content-sha256 you gave does not match what was received.'],
} as const satisfies Record<string, readonly [number, string]>;

export type S3Code = keyof typeof CODES;

/** A refusal on its way to the client. */
export class S3Error extends Error {
  readonly code: S3Code;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: S3Code, message?: string, headers: Readonly<Record<string, string>> = {}) {
    super(message ?? CODES[code][1]);
    this.name = 'S3Error';
    this.code = code;
    this.status = CODES[code][0];
    this.headers = headers;
  }
}

/** What the client is told of anything that was thrown. */
export function s3ErrorOf(thrown: unknown): S3Error {
  if (thrown instanceof S3Error) return thrown;
  const errno = (thrown as NodeJS.ErrnoException | null)?.code;
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return new S3Error('StorageFull');
  return new S3Error('InternalError');
}
