import { expect, test } from 'vitest';
import { nameOf, stackMistake } from '../../infra/naming.ts';
import { bucketResource, s3Endpoint, s3Key } from '../../infra/storage/credentials.ts';
import { type LockRule, lifecycle, repositoryLocks, vaultLocks, workable } from '../../infra/storage/rules.ts';

const rule = (prefix: string): LockRule => ({ id: 'r', enabled: true, prefix, condition: { type: 'Indefinite' } });

test('the vault holds everything for days, whatever workspace it is of', () => {
  expect(vaultLocks(30)).toEqual([
    { id: 'everything', enabled: true, prefix: '', condition: { type: 'Age', maxAgeSeconds: 2_592_000 } },
  ]);
  expect(() => vaultLocks(0)).toThrow('nothing can be locked for 0 days');
});

test('where restic itself works, packs and snapshots are held for days, and what makes them readable for ever', () => {
  expect(repositoryLocks('repo', 30).map(({ prefix, condition }) => [prefix, condition])).toEqual([
    ['repo/data/', { type: 'Age', maxAgeSeconds: 2_592_000 }],
    ['repo/snapshots/', { type: 'Age', maxAgeSeconds: 2_592_000 }],
    ['repo/keys/', { type: 'Indefinite' }],
    ['repo/config', { type: 'Indefinite' }],
  ]);
});

test.each(['', 'locks/', 'index/', 'repo/locks/', 'repo/index/', 'repo/', 'repo', 'repo/l', 'data/locks/'])(
  'no lock may have the prefix "%s" there',
  (prefix) => {
    expect(() => workable([rule(prefix)])).toThrow(/restic's own locks/);
  },
);

test('what was uploaded in parts and never ended goes, and nothing else does', () => {
  for (const one of lifecycle())
    expect(Object.keys(one)).toEqual(['id', 'enabled', 'conditions', 'abortMultipartUploadsTransition']);
  expect(lifecycle().map((one) => one.abortMultipartUploadsTransition.condition.maxAge)).toEqual([604_800]);
});

test('an S3 key is made of a token as Cloudflare makes it', () => {
  expect(s3Key({ id: 'abc', value: 'abc' })).toEqual({
    accessKeyId: 'abc',
    secretAccessKey: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', // the standard's own example
  });
  expect(s3Endpoint('acc', 'default')).toBe('https://acc.r2.cloudflarestorage.com');
  expect(s3Endpoint('acc', 'eu')).toBe('https://acc.eu.r2.cloudflarestorage.com');
  expect(bucketResource('acc', 'eu', 'b')).toBe('com.cloudflare.edge.r2.bucket.acc_eu_b');
});

test('names are what Cloudflare takes, and a stack whose name cannot be one is told so', () => {
  expect(nameOf('dumont', 'prod', 'vault')).toBe('dumont-prod-vault');
  expect(stackMistake('dumont', 'prod')).toBeNull();
  for (const stack of ['Prod', 'a_b', '-a', 'x'.repeat(60)])
    expect(stackMistake('dumont', stack)).toMatch(/lower-case letters/);
});
