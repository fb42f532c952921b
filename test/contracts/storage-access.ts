import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientOf, type Hand, handOf, refusal, type S3Place } from './storage-client.ts';

/** Who gets in: signatures, presigned URLs, and those who have neither. */
export function accessContract(open: () => Promise<S3Place>): void {
  describe('access', () => {
    let s3: Hand;

    beforeAll(async () => {
      s3 = handOf(await open());
    });

    afterAll(() => s3[Symbol.asyncDispose]());

    test('a presigned URL does one thing with one object, until it expires', async () => {
      const plain = clientOf(s3.place, { requestChecksumCalculation: 'WHEN_REQUIRED' });
      const putUrl = await getSignedUrl(plain, new PutObjectCommand(s3.at('by-url')), { expiresIn: 60 });
      expect((await fetch(putUrl, { method: 'PUT', body: 'by URL' })).status).toBe(200);
      const getUrl = await getSignedUrl(plain, new GetObjectCommand(s3.at('by-url')), { expiresIn: 60 });
      expect(await (await fetch(getUrl)).text()).toBe('by URL');
      expect(await (await fetch(getUrl, { headers: { range: 'bytes=3-' } })).text()).toBe('URL');
      expect((await fetch(getUrl, { method: 'DELETE' })).status).toBe(403);
      expect((await fetch(getUrl, { method: 'PUT', body: 'x' })).status).toBe(403);
      expect((await fetch(getUrl.replace('by-url', 'by-urk'))).status).toBe(403);
      expect((await fetch(getUrl.replace('X-Amz-Expires=60', 'X-Amz-Expires=600'))).status).toBe(403);
      const anHourAgo = new Date(Date.now() - 3_600_000);
      const oldUrl = await getSignedUrl(plain, new GetObjectCommand(s3.at('by-url')), {
        expiresIn: 60,
        signingDate: anHourAgo,
      });
      expect([400, 403]).toContain((await fetch(oldUrl)).status);
      plain.destroy();
    });

    test('a presigned URL cannot be given another meaning', async () => {
      const plain = clientOf(s3.place, { requestChecksumCalculation: 'WHEN_REQUIRED' });
      await s3.put('secret', 'secret');
      const url = await getSignedUrl(plain, new PutObjectCommand(s3.at('mine')), { expiresIn: 60 });
      const headers = { 'x-amz-copy-source': `/${s3.place.bucket}/${s3.place.prefix}secret` };
      expect([400, 403]).toContain((await fetch(url, { method: 'PUT', headers })).status);
      expect(await refusal(s3.get('mine'))).toBe('NoSuchKey');
      plain.destroy();
    });

    test('nobody gets in with a wrong secret, an unknown key or no signature', async () => {
      await s3.put('guarded', 'x');
      const { accessKeyId, secretAccessKey } = s3.place;
      const as = (credentials: { accessKeyId: string; secretAccessKey: string }) => {
        const other = clientOf(s3.place, { credentials });
        return refusal(other.send(new GetObjectCommand(s3.at('guarded')))).finally(() => other.destroy());
      };
      expect(await as({ accessKeyId, secretAccessKey: `${secretAccessKey}x` })).toBe('SignatureDoesNotMatch');
      expect(await as({ accessKeyId: 'AKUNKNOWN0000', secretAccessKey })).not.toBeNull();
      const bare = await fetch(`${s3.place.endpoint}/${s3.place.bucket}/${s3.place.prefix}guarded`);
      expect([401, 403]).toContain(bare.status);
      expect(await bare.text()).toContain('<Code>');
    });
  });
}
