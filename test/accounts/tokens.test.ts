import { expect, test } from 'vitest';
import type { Who } from '../../engine/domain/account.ts';
import { DAY, desk, MINUTE, PASSWORD } from './desk.ts';

async function ana(role: 'viewer' | 'operator' | 'admin' = 'operator') {
  const d = desk();
  await d.accounts.create('ana', role, 'admin', PASSWORD);
  await d.accounts.create('boss', 'admin', 'admin', PASSWORD);
  const { who } = await d.accounts.login('ana', PASSWORD, 'here');
  return { ...d, who };
}
const ALL = { name: 'ci', role: null, workspaces: null, forMs: null };

test('a token opens the door until it is ended, and only its hash is kept', async () => {
  const { accounts, store, who } = await ana();
  const { token, word } = await accounts.createToken(who, ALL);
  expect(await accounts.whose(word)).toEqual({ name: 'ana', role: 'operator', workspaces: null, by: 'token' });
  expect(JSON.stringify([...store.rows('tokens').values()])).not.toContain(word.split('_')[2]);
  await expect(accounts.endToken('boss', token.id), 'not by somebody else').rejects.toMatchObject({
    code: 'no_such_token',
  });
  await accounts.endToken('ana', token.id);
  await expect(accounts.whose(word)).rejects.toMatchObject({ code: 'bad_token' });
});

test('a token never has more power than its account, then or later', async () => {
  const { accounts, who } = await ana();
  const wide = await accounts.createToken(who, { ...ALL, role: 'admin' });
  expect((await accounts.whose(wide.word)).role).toBe('operator');
  const narrow = await accounts.createToken(who, { ...ALL, role: 'viewer', workspaces: ['lab'] });
  expect(await accounts.whose(narrow.word)).toMatchObject({ role: 'viewer', workspaces: ['lab'] });
  const asToken: Who = await accounts.whose(narrow.word);
  const child = await accounts.createToken(asToken, { ...ALL, role: 'operator', workspaces: ['lab', 'train'] });
  expect(await accounts.whose(child.word)).toMatchObject({ role: 'viewer', workspaces: ['lab'] });
  await accounts.change('ana', { role: 'viewer' });
  expect((await accounts.whose(wide.word)).role).toBe('viewer');
  await accounts.change('ana', { role: 'admin' });
  expect((await accounts.whose(wide.word)).role, 'it was made by an operator').toBe('operator');
});

test('a token ends by itself, and says when it was last used, roughly', async () => {
  const { accounts, who, time } = await ana();
  const { word } = await accounts.createToken(who, { ...ALL, forMs: DAY });
  expect((await accounts.tokens('ana'))[0]?.usedAt).toBeNull();
  await accounts.whose(word);
  const first = time.now;
  time.now += MINUTE;
  await accounts.whose(word);
  expect((await accounts.tokens('ana'))[0]?.usedAt).toBe(first);
  time.now += DAY;
  await expect(accounts.whose(word)).rejects.toMatchObject({ code: 'bad_token' });
});

test.each([
  '',
  'dmt_',
  'dmt_t1_short',
  'dmt_../accounts/ana_AAAA',
  `dmt_t3_${'A'.repeat(43)}`,
  `dmr_t3_${'A'.repeat(43)}`,
])('what is no token opens nothing: %j', async (word) => {
  const { accounts, who } = await ana();
  await accounts.createToken(who, ALL);
  await expect(accounts.whose(word)).rejects.toMatchObject({ code: 'bad_token' });
});

test('a code makes a Discord user and an account one, once and soon', async () => {
  const { accounts, time } = await ana();
  const { code } = await accounts.linkCode('ana');
  expect(await accounts.byDiscord('42')).toBeNull();
  await expect(accounts.link('WRONG', '42')).rejects.toMatchObject({ code: 'wrong_code' });
  await accounts.link(` ${code.toLowerCase()} `, '42');
  expect(await accounts.byDiscord('42')).toEqual({ name: 'ana', role: 'operator', workspaces: null, by: 'discord' });
  await expect(accounts.link(code, '43'), 'used').rejects.toMatchObject({ code: 'wrong_code' });

  const late = await accounts.linkCode('ana');
  time.now += 11 * MINUTE;
  await expect(accounts.link(late.code, '43')).rejects.toMatchObject({ code: 'wrong_code' });
  const outdated = await accounts.linkCode('ana');
  await accounts.linkCode('ana');
  await expect(accounts.link(outdated.code, '43'), 'there is a newer one').rejects.toMatchObject({
    code: 'wrong_code',
  });

  const { code: other } = await accounts.linkCode('boss');
  await accounts.link(other, '42');
  expect(await accounts.byDiscord('42'), 'one person is one account').toMatchObject({ name: 'boss' });
  await accounts.unlink('boss');
  expect(await accounts.byDiscord('42')).toBeNull();
});
