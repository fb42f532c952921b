import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openLog } from '../../engine/process/logging.ts';

test.skipIf(process.platform !== 'linux')('the log goes on when a disk that was full has room again', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-log-'));
  try {
    const file = join(folder, 'engine-2026-03-01.log');
    symlinkSync('/dev/full', file);
    await using opened = openLog(folder, 'INFO', () => Date.UTC(2026, 2, 1));
    opened.log('lost.for_want_of_room');
    await sleep(50); // the write fails in the background
    rmSync(file);
    for (let tries = 0; tries < 100 && !readIfThere(file).includes('kept'); tries++) {
      opened.log('kept.again');
      await sleep(10);
    }
    expect(readIfThere(file)).toContain('kept.again');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
