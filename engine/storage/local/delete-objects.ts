import * as z from 'zod';
import { bytesOf, checkKey } from './bytes.ts';
import { type Call, type Reply, xmlReply } from './operation.ts';
import { openPayload, readWhole } from './payload.ts';
import { conditionsOf, demand } from './preconditions.ts';
import { S3Error, s3ErrorOf } from './s3-error.ts';
import { allows } from './scope.ts';
import { element, group, listOf, readXml, xmlDocument } from './xml.ts';

export async function deleteObject({ asked, bucket }: Call): Promise<Reply> {
  const conditions = conditionsOf(asked);
  await bucket.objects.remove(asked.key, (current) => demand(conditions, current));
  return { status: 204, headers: {} };
}

const BODY_BYTES_MAX = 4 * 1024 * 1024;
const KEYS_MAX = 1000;

const Wanted = z.object({
  Object: z
    .unknown()
    .transform(listOf)
    .pipe(
      z
        .array(z.object({ Key: z.string() }))
        .min(1)
        .max(KEYS_MAX),
    ),
  Quiet: z.string().optional(),
});

/** Each key succeeds or fails for itself; one that is not the caller's fails like any other. */
export async function deleteObjects({ asked, signed, bucket }: Call): Promise<Reply> {
  const wanted = Wanted.safeParse(readXml(await readWhole(openPayload(asked, signed), BODY_BYTES_MAX), 'Delete'));
  if (!wanted.success) throw new S3Error('MalformedXML');
  const quiet = wanted.data.Quiet === 'true';
  const results = wanted.data.Object.map(async ({ Key: text }) => {
    const key = bytesOf(text);
    try {
      checkKey(key);
      if (!allows(signed.identity.scope, 'DeleteObjects', asked.bucket, { key })) throw new S3Error('AccessDenied');
      await bucket.objects.remove(key, () => {});
      return quiet ? '' : group('Deleted', element('Key', text));
    } catch (thrown) {
      const { code, message } = s3ErrorOf(thrown);
      return group('Error', element('Key', text) + element('Code', code) + element('Message', message));
    }
  });
  return xmlReply(xmlDocument('DeleteResult', (await Promise.all(results)).join('')));
}
