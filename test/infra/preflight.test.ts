import { expect, onTestFinished, test } from 'vitest';
import { preflight, type Wanted } from '../../infra/preflight.ts';
import { type Account, bucketKey, grant, newAccount } from '../standins/cloudflare/account.ts';
import { serveCloudflare } from '../standins/cloudflare/serve.ts';
import { ZONE } from './program-world.ts';

const ALL = ['Workers R2 Storage Write', 'Account API Tokens Write', 'Cloudflare Tunnel Write', 'DNS Write'];

/** What somebody with these permissions hears before anything is made. */
async function asked(
  permissions: readonly string[],
  change: (account: Account) => void = () => undefined,
  more: Partial<Wanted> = {},
) {
  const account = newAccount([ZONE]);
  const { value } = grant(account, ...permissions);
  change(account);
  const api = await serveCloudflare(account);
  onTestFinished(async () => await api[Symbol.asyncDispose]());
  const wanted: Wanted = {
    accountId: account.id,
    jurisdiction: 'default',
    buckets: ['dumont-test-hot', 'dumont-test-vault'],
    zoneId: ZONE,
    ...more,
  };
  return {
    account,
    says: preflight({ baseUrl: `${api.baseUrl}/`, token: value }, wanted, AbortSignal.timeout(10_000)),
  };
}

test('with all that is needed it says which permission a key gets, and changes nothing', async () => {
  const { account, says } = await asked(ALL);
  expect(await says).toEqual({ permissionGroup: '2efd5506f9c8494dacb1fa10a3e7d5b6', there: [] });
  expect(account.asked.filter((one) => !one.startsWith('GET '))).toEqual([]);
});

test('every permission that lacks is named at once', async () => {
  const { says } = await asked([]);
  for (const permission of ALL) await expect(says).rejects.toThrow(`lacks the permission "${permission}"`);
});

test('without a host nobody needs to be allowed tunnels and names', async () => {
  const { says } = await asked(ALL.slice(0, 2), undefined, { zoneId: null });
  expect(await says).toMatchObject({ permissionGroup: expect.stringMatching(/^2efd/) });
});

test.each<[string, (account: Account) => void, Partial<Wanted>, string]>([
  [
    'R2 that nobody agreed to',
    (account) => Object.assign(account, { r2Enabled: false }),
    {},
    'open R2 once in the Cloudflare dashboard',
  ],
  ['a token that was revoked', (account) => account.tokens.clear(), {}, 'does not know this API token'],
  ['another account', () => undefined, { accountId: 'f'.repeat(32) }, 'is one for another account'],
  [
    'a zone that is not there',
    () => undefined,
    { zoneId: 'e'.repeat(32) },
    'perhaps your object identifier is invalid',
  ],
  [
    'a bad day at Cloudflare',
    (account) =>
      void account.troubles.push(...Array(4).fill({ status: 503, code: 10_043, message: 'Service unavailable' })),
    {},
    'Service unavailable (10043)',
  ],
])('%s is told in words', async (_, change, more, why) => {
  const { says } = await asked(ALL, change, more);
  await expect(says).rejects.toThrow(why);
});

test('a bucket never moves from one law to another', async () => {
  const { says } = await asked(ALL, (account) =>
    account.buckets.set(bucketKey('eu', 'dumont-test-hot'), {
      name: 'dumont-test-hot',
      jurisdiction: 'eu',
      location: 'WEUR',
      storage_class: 'Standard',
      creation_date: '',
      lifecycle: null,
      locks: [],
      objects: 0,
    }),
  );
  await expect(says).rejects.toThrow('lies in the jurisdiction "eu", and Cloudflare never moves one');
});

test('what does not speak Cloudflare is not mistaken for it', async () => {
  const wanted: Wanted = { accountId: 'a', jurisdiction: 'default', buckets: ['b'], zoneId: null };
  await expect(
    preflight({ baseUrl: 'http://127.0.0.1:1', token: 't' }, wanted, AbortSignal.timeout(5_000)),
  ).rejects.toThrow('Cloudflare does not answer properly');
});
