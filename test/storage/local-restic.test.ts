import { afterAll, test } from 'vitest';
import { s3Storage } from '../../engine/storage/s3.ts';
import { findRestic, resticContract } from '../contracts/storage-restic.ts';
import { ROOT, storageWorld } from './storage-world.ts';

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

const restic = findRestic();

if (restic === null) {
  console.warn('SKIPPED: restic is not tried, since none is on the PATH and DUMONT_RESTIC names none');
  test.skip('restic is not tried, since none is on the PATH and DUMONT_RESTIC names none', () => {});
} else {
  resticContract(restic, async () => {
    const world = stack.use(await storageWorld());
    const place = { ...world.place(), prefix: 'work/' };
    const storage = stack.use(s3Storage({ ...place, parent: { ...ROOT, account: 'local' }, now: Date.now }));
    return { ...place, scoped: true, issue: (prefix, access) => storage.issue({ prefix, access, ttlMs: 600_000 }) };
  });
}
