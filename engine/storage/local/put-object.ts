import { textOf } from './bytes.ts';
import type { Facts } from './object-file.ts';
import { descriptionOf } from './object-headers.ts';
import type { Call, Reply } from './operation.ts';
import { openPayload } from './payload.ts';
import { conditionsOf, demand } from './preconditions.ts';
import { withDraft } from './write-draft.ts';

export async function putObject({ asked, signed, bucket, now }: Call): Promise<Reply> {
  const { key } = asked;
  const description = descriptionOf(asked);
  const conditions = conditionsOf(asked);
  const payload = openPayload(asked, signed);
  const stored = await withDraft(
    bucket.objects,
    payload.pieces(),
    (): Facts => {
      const { md5, checksum } = payload.digests();
      const { sizeBytes } = payload;
      return { ...description, key: textOf(key), sizeBytes, etag: md5, createdAt: now(), checksum };
    },
    (draft, facts) => bucket.objects.commit(key, draft, facts, (current) => demand(conditions, current)),
  );
  const headers: Record<string, string> = { etag: `"${stored.etag}"` };
  if (stored.checksum) headers[`x-amz-checksum-${stored.checksum.name}`] = stored.checksum.value;
  return { status: 200, headers };
}
