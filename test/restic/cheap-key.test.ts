import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cheapKey, poly1305Aes } from '../../engine/restic/cheap-key.ts';
import { readMasterKey } from '../../engine/restic/readings.ts';
import { resticProgram } from './which-restic.ts';

test('Poly1305-AES gives what its paper gives', () => {
  const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
  // D. J. Bernstein, "The Poly1305-AES message-authentication code", appendix B.
  const [r, k, n] = [
    hex('85 1f c4 0c 34 67 ac 0b e0 5c c2 04 04 f3 f7 00'),
    hex('ec 07 4c 83 55 80 74 17 01 42 5b 62 32 35 ad d6'),
    hex('fb 44 73 50 c4 e8 68 c5 2a c3 27 5c f9 d4 32 7e'),
  ];
  expect(poly1305Aes(hex('f3 f6'), n, k, r).toString('hex')).toBe('f4c633c3044fc145f84f335cb81953de');
});

test.skipIf(resticProgram === null)('restic opens, checks and uses a repository with it alone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-key-'));
  const password = 'f'.repeat(64);
  const restic = (...args: string[]): string =>
    execFileSync(resticProgram!, ['--repo', join(folder, 'repo'), '--cache-dir', join(folder, 'cache'), ...args], {
      env: { RESTIC_PASSWORD: password },
      encoding: 'utf8',
    });
  try {
    restic('init', '--quiet');
    const keys = join(folder, 'repo', 'keys');
    const [slow = ''] = readdirSync(keys);
    const key = cheapKey(password, readMasterKey(restic('cat', 'masterkey', '--json')), 1_700_000_000_000);
    writeFileSync(join(keys, key.id), key.bytes);
    rmSync(join(keys, slow));
    restic('backup', '--quiet', import.meta.dirname);
    expect(JSON.parse(restic('check', '--read-data', '--json').trim().split('\n').at(-1)!)).toMatchObject({
      num_errors: 0,
    });
    expect(JSON.parse(restic('key', 'list', '--json'))).toMatchObject([{ current: true, userName: 'dumont' }]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
