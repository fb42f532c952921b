import { expect, test } from 'vitest';
import { marketplaceFinding } from '../../../engine/doctor/checks.ts';
import { never, vastWorld } from './vast-world.ts';

test('doctor says that vast lets us in and what is left', async () => {
  const { market } = vastWorld({ credit: 23.4 });
  expect(await marketplaceFinding(market, never)).toEqual({
    name: 'vast',
    ok: true,
    say: 'it lets us in; $23.40 are left',
    mend: null,
  });
});

test('too little credit is named before vast deletes anything', async () => {
  const { market } = vastWorld({ credit: 0.5 });
  const { ok, say, mend } = await marketplaceFinding(market, never);
  expect([ok, say]).toEqual([false, 'only $0.50 are left; at nothing it stops machines and then deletes them']);
  expect(mend).toBe('Put in more credit there.');
});

test('a wrong key is named with the setting that it stands in', async () => {
  const { ok, say, mend } = await marketplaceFinding(vastWorld().again('b'.repeat(64)), never);
  expect([ok, mend]).toEqual([false, 'Make a key at vast and put it into DUMONT_VAST_KEY.']);
  expect(say).toBe('vast does not accept the key in DUMONT_VAST_KEY: Invalid user key');
});
