import { CreateBucketCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { test } from 'vitest';
import { clientOf } from '../contracts/storage-client.ts';
import { expectOnlyItsOwn, policyFor, trustTable } from '../contracts/storage-trust.ts';
import { startVersity, versityProgram } from '../standins/versity/versity.ts';

if (versityProgram === null)
  console.warn('SKIPPED: the trust table on a second S3 server, since there is no versitygw in PATH or ~/go/bin');

/** R2's temporary credentials are R2's own: elsewhere the same is said as a policy, and as finely as policies can. */
test.skipIf(versityProgram === null)(
  'what a machine is given, said as a policy to a server of others, opens its own repository and nothing else',
  async () => {
    await using server = await startVersity(versityProgram ?? '');
    const place = { ...server.place, bucket: 'hot', vault: 'vault', prefix: '', account: '' };
    using root = asScope(clientOf(place));
    for (const Bucket of [place.bucket, place.vault]) await root.client.send(new CreateBucketCommand({ Bucket }));
    const policy = policyFor(place, server.user.accessKeyId);
    await root.client.send(new PutBucketPolicyCommand({ Bucket: place.bucket, Policy: JSON.stringify(policy) }));
    const table = await trustTable(place, server.user, 'as the machine of lab, on versitygw');
    expectOnlyItsOwn(table, { alsoOwn: ['CopyObject', 'DeleteObjects', 'UploadPartCopy'] });
  },
);

const asScope = (client: ReturnType<typeof clientOf>) => ({ client, [Symbol.dispose]: () => client.destroy() });
