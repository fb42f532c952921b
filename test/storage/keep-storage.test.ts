import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keepStorage } from '../../engine/storage/local/keep-storage.ts';
import { s3Storage } from '../../engine/storage/s3.ts';

const KEY = { accessKeyId: 'AKROOT', secretAccessKey: 'secret' };

test('an object server that was killed serves again on the same port, with what it had', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dumont-keep-'));
  const said: string[] = [];
  const signal = AbortSignal.timeout(20_000);
  try {
    await using kept = await keepStorage(
      {
        folder,
        port: 0,
        keys: [{ ...KEY, scope: 'object-read-write' }],
        buckets: ['hot', 'vault'],
        onLog: () => undefined,
        locks: { vault: [{ id: 'all', enabled: true, prefix: '', condition: { type: 'Indefinite' } }] },
        onTrouble: (why) => said.push(why),
      },
      signal,
    );
    const parent = { account: 'local', ...KEY };
    using storage = s3Storage({ endpoint: kept.endpoint, bucket: 'hot', region: 'auto', parent, now: Date.now });
    await storage.put('lab/a', Buffer.from('kept'), signal);
    const before = kept.pid();
    process.kill(before, 'SIGKILL');
    await expect.poll(() => kept.pid(), { timeout: 15_000 }).not.toBe(before);
    expect(Buffer.from((await storage.get('lab/a', signal)) ?? []).toString()).toBe('kept');
    using vault = s3Storage({ endpoint: kept.endpoint, bucket: 'vault', region: 'auto', parent, now: Date.now });
    await vault.put('lab/a', Buffer.from('locked'), signal);
    await expect(vault.remove('lab/a', signal)).rejects.toMatchObject({ code: 'storage_refused' });
    expect(said).toContain('it was started again');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
