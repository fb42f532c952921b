import { expect, test } from 'vitest';
import { sha256, signed } from '../../../engine/agent/image/signature.ts';

/** The examples of https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: '',
};
const ACCESS = { region: 'us-east-1', credentials };
const NOW = new Date('2013-05-24T00:00:00Z');
const host = 'examplebucket.s3.amazonaws.com';

test('an object is asked for as in the documentation of Amazon', () => {
  const headers = { host, range: 'bytes=0-9' };
  const { authorization } = signed({ method: 'GET', path: '/test.txt', headers, payload: sha256('') }, ACCESS, NOW);
  expect(authorization).toBe(
    'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
      'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, ' +
      'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  );
});

test('an object is sent as in the documentation of Amazon', () => {
  const headers = { host, date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' };
  const payload = sha256('Welcome to Amazon S3.');
  const { authorization } = signed({ method: 'PUT', path: '/test%24file.text', headers, payload }, ACCESS, NOW);
  expect(authorization).toContain('98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd');
});

test('the token of a key for a while is signed too', () => {
  const access = { ...ACCESS, credentials: { ...credentials, sessionToken: 'a-token' } };
  const fields = signed({ method: 'GET', path: '/a', headers: { host }, payload: sha256('') }, access, NOW);
  expect(fields['x-amz-security-token']).toBe('a-token');
  expect(fields.authorization).toContain('host;x-amz-content-sha256;x-amz-date;x-amz-security-token,');
});
