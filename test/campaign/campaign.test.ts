import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { resticProgram } from '../restic/which-restic.ts';

/** A few rounds of what `npm run campaign` does for half an hour. */
test.skipIf(resticProgram === null || process.platform !== 'linux')(
  'real processes are killed, cut off and starved in turn, and nothing that was acknowledged is lost',
  { timeout: 300_000 },
  async () => {
    // biome-ignore lint/style/noProcessEnv: the search path of whoever runs the tests.
    const env = { PATH: process.env.PATH ?? '', DUMONT_RESTIC: resticProgram ?? '' };
    const campaign = [join(import.meta.dirname, 'main.ts'), '4', '--seed', 'suite'];
    const { stdout } = await promisify(execFile)(process.execPath, campaign, { env, timeout: 280_000 }).catch(
      (cause: { stdout?: string }) => {
        throw new Error(cause.stdout ?? String(cause));
      },
    );
    expect(stdout).toContain('Nothing was broken in 4 rounds.');
  },
);
