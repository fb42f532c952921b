import { expect, test } from 'vitest';
import { whyOf } from '../../engine/restic/outcome.ts';

test.each<readonly [string, string, string]>([
  [
    'before the address that it ends with',
    'Fatal: unable to open config file: Stat: Access Denied.\nIs there a repository at the following location?\ns3:http://127.0.0.1:1/lab/repo\n',
    'Fatal: unable to open config file: Stat: Access Denied.',
  ],
  [
    'of a locked repository who holds it',
    'unable to create lock in backend: repository is already locked by PID 7 on lab by root (UID 0, GID 0)\nlock was created at 2026-10-05 12:00:00 (5s ago)\nstorage ID 1234\nthe `unlock` command can be used to remove stale locks\n',
    'unable to create lock in backend: repository is already locked by PID 7 on lab by root (UID 0, GID 0)',
  ],
  ['the last line otherwise', 'one\ntwo\n', 'two'],
  ['nothing said', '\n', 'restic said nothing'],
])('what went wrong is %s', (_, words, why) => {
  expect(whyOf(words)).toBe(why);
});
