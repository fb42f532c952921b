import { expect, test } from 'vitest';
import { hasRecovered, isRetrying, outcomeOf } from '../../engine/restic/outcome.ts';
import { readLine, readNode } from '../../engine/restic/readings.ts';

test('what restic leaves out is zero, and what nobody knows is nothing', () => {
  expect(readLine('{"message_type":"status","percent_done":0}')).toMatchObject({ bytes_done: 0, bytes_restored: 0 });
  expect(readLine('{"message_type":"error","error":{},"item":"/x"}')).toMatchObject({
    error: { message: '' },
    item: '/x',
  });
  expect(readLine('{"message_type":"something_new"}')).toBeNull();
  expect(readLine('unable to create lock in backend')).toBeNull();
  expect(readLine('{"message_type":"sum')).toBeNull();
});

test('a listed file has the mode that chmod takes and the time with its fraction', () => {
  const line = {
    ...{ message_type: 'node', name: 'x', type: 'file', path: '/workspace/x', size: 5 },
    ...{ mode: 0o755 + 2 ** 23, mtime: '2001-09-09T03:46:40.123456789+02:00' },
  };
  expect(readNode(JSON.stringify(line))).toEqual({
    ...{ path: 'workspace/x', type: 'file', sizeBytes: 5, mode: 0o4755 },
    mtimeMs: expect.closeTo(1e12 + 123.456789, 3),
  });
  expect(readNode(JSON.stringify({ ...line, type: 'symlink' }))?.type).toBe('link');
  expect(readNode('{"message_type":"snapshot"}')).toBeNull();
});

test.each([
  [0, '', null],
  [10, 'Fatal: repository does not exist', 'no_repository'],
  [11, '', 'repository_locked'],
  [12, '', 'wrong_password'],
  [1, 'Fatal: unable to save snapshot: write /tmp/x: no space left on device', 'machine_disk_full'],
  [1, 'client.PutObject: Access Denied.', 'storage_refused'],
  [1, 'The session token has expired.', 'storage_refused'],
  [130, 'Stat(<config/>) returned error, retrying after 2.9s: Stat: 400 Bad Request', 'storage_refused'],
  [1, 'dial tcp 127.0.0.1:9000: connect: connection refused', 'storage_down'],
  [1, 'client.GetObject: 503 Service Unavailable', 'storage_down'],
  [1, 'workspace/1500: something else', 'backup_failed'],
  [99, '', 'backup_failed'],
  [null, '', 'backup_failed'],
] as const)('exit code %s with %j means %s', (code, words, meaning) => {
  expect(outcomeOf(code, words, 'backup_failed')).toBe(meaning);
});

test('storage that stays silent, and answers again, is noticed', () => {
  expect(isRetrying('Load(<key/1>, 0, 0) returned error, retrying after 1.2s: dial tcp')).toBe(true);
  expect(hasRecovered('Load(<key/1>, 0, 0) operation successful after 2 retries')).toBe(true);
});
