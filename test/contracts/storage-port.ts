import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isFailure } from '../../engine/domain/failures.ts';
import type { Storage } from '../../engine/domain/ports.ts';

/** What the engine expects of storage, wherever it is. Everything happens below `prefix`. */
export function storageContract(open: () => Promise<{ storage: Storage; prefix: string }>): void {
  describe('storage', () => {
    const signal = AbortSignal.timeout(60_000);
    let storage: Storage;
    let prefix: string;

    beforeAll(async () => {
      ({ storage, prefix } = await open());
    });

    afterAll(async () => {
      await Promise.all((await storage.list(prefix, signal)).map(({ key }) => storage.remove(key, signal)));
    }, 60_000);

    test('what was put is what is read, and what was never put is null', async () => {
      const body = randomBytes(1_000_000);
      await storage.put(`${prefix}a`, body, signal);
      expect(Buffer.from((await storage.get(`${prefix}a`, signal)) ?? []).equals(body)).toBe(true);
      expect(await storage.get(`${prefix}never`, signal)).toBeNull();
      await storage.put(`${prefix}empty`, new Uint8Array(), signal);
      expect(await storage.get(`${prefix}empty`, signal)).toEqual(new Uint8Array());
    });

    test('a list is whole however many pages it takes', async () => {
      const names = Array.from({ length: 1_100 }, (_, i) => `${prefix}many/${String(i).padStart(5, '0')}`);
      for (let at = 0; at < names.length; at += 50) {
        await Promise.all(names.slice(at, at + 50).map((name) => storage.put(name, Buffer.from('xy'), signal)));
      }
      const listed = await storage.list(`${prefix}many/`, signal);
      expect(listed.map(({ key, sizeBytes }) => ({ key, sizeBytes }))).toEqual(
        names.map((key) => ({ key, sizeBytes: 2 })),
      );
      expect(new Set(listed.map(({ etag }) => etag)).size, 'the same bytes').toBe(1);
      for (const { writtenAt } of listed) expect(Math.abs(Date.now() - writtenAt)).toBeLessThan(3_600_000);
      expect(await storage.list(`${prefix}none/`, signal)).toEqual([]);
    });

    test('a removed object is gone, and removing nothing is no failure', async () => {
      await storage.put(`${prefix}gone`, Buffer.from('x'), signal);
      await storage.remove(`${prefix}gone`, signal);
      await storage.remove(`${prefix}gone`, signal);
      expect(await storage.get(`${prefix}gone`, signal)).toBeNull();
    });

    test('what may only be created is never replaced, and repeating it with the same bytes succeeds', async () => {
      await storage.put(`${prefix}once`, Buffer.from('first'), signal, { onlyIfAbsent: true });
      await storage.put(`${prefix}once`, Buffer.from('first'), signal, { onlyIfAbsent: true });
      const second = storage.put(`${prefix}once`, Buffer.from('second'), signal, { onlyIfAbsent: true });
      await expect(second).rejects.toSatisfy((thrown) => isFailure(thrown, 'storage_refused'));
      expect(Buffer.from((await storage.get(`${prefix}once`, signal)) ?? []).toString()).toBe('first');
    });

    test('a presigned URL carries one object one way', async () => {
      const url = await storage.presign('PUT', `${prefix}by url`, 60_000);
      expect((await fetch(url, { method: 'PUT', body: 'bytes', signal })).status).toBe(200);
      expect((await fetch(url, { signal })).status).toBe(403);
      const back = await storage.presign('GET', `${prefix}by url`, 60_000);
      expect(await (await fetch(back, { signal })).text()).toBe('bytes');
    });

    test('an aborted signal ends a call with its own reason', async () => {
      const reason = new Error('the engine stops');
      const call = storage.put(`${prefix}aborted`, Buffer.from('x'), AbortSignal.abort(reason));
      await expect(call).rejects.toBe(reason);
    });
  });
}
