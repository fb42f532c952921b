import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { readRecoveryKey, recoveryKeyOf } from '../../engine/storage/recovery-key.ts';

test('a recovery key is read back however a person writes it', () => {
  for (let i = 0; i < 50; i++) {
    const key = randomBytes(32);
    const text = recoveryKeyOf(key);
    expect(text).toMatch(/^[0-9A-HJKMNP-TV-Z-]{67}$/);
    for (const written of [
      text,
      text.toLowerCase(),
      text.replaceAll('-', ' '),
      ` ${text.replaceAll('-', '')}\n`,
      text.replaceAll('0', 'O').replaceAll('1', 'l'),
      key.toString('hex'),
    ])
      expect(Buffer.from(readRecoveryKey(written))).toEqual(key);
  }
});

test('a slip in a recovery key is told from another key', () => {
  const text = recoveryKeyOf(randomBytes(32));
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '-') continue;
    const slip = `${text.slice(0, at)}${text[at] === '7' ? '8' : '7'}${text.slice(at + 1)}`;
    expect(() => readRecoveryKey(slip)).toThrow('a letter or digit of it is wrong');
  }
  expect(() => readRecoveryKey(text.slice(0, -1))).toThrow('it has 55 letters and digits, not 56');
  expect(() => readRecoveryKey(text.replace(/.$/, 'ü'))).toThrow('"Ü" is in no recovery key');
  expect(() => readRecoveryKey('')).toThrow('it has 0 letters and digits');
});
