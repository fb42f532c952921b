import { expect, test } from 'vitest';
import type { ProcessRow } from '../../engine/agent/process-table.ts';
import { silentSshServers } from '../../engine/agent/ssh-servers.ts';

/** `pid parent name: command line`, as ps prints it. */
function silentIn(table: string): readonly string[] {
  const titles = new Map<number, string>();
  const rows = table
    .trim()
    .split('\n')
    .map((line): ProcessRow => {
      const [, pid, parent, name, title] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line)!;
      titles.set(Number(pid), title!);
      const zero = { session: 0, startedAt: '1', kernel: false, terminal: 0, ticks: 0, faults: 0 };
      return { ...zero, pid: Number(pid), parent: Number(parent), name: name!, state: 'S' };
    });
  return [...silentSshServers(rows, (pid) => titles.get(pid) ?? null)].toSorted((a, b) => a - b).map(String);
}

const LISTENER = '9 1 sshd sshd: /usr/sbin/sshd -D [listener] 1 of 10-100 startups';

test.each([
  ['a connection that says nothing', '14 9 sshd sshd: [accepted]'],
  ['one that was just taken', '14 9 sshd /usr/sbin/sshd -D -R'],
  ['a stranger', '14 9 sshd sshd: unknown [priv]\n15 14 sshd sshd: unknown [net]'],
  ['somebody who is asked for a password', '14 9 sshd sshd: root [priv]\n15 14 sshd sshd: root [net]'],
  ['one of OpenSSH 9.8', '14 9 sshd-session sshd-session: ana [priv]\n15 14 sshd-session sshd-session: ana [net]'],
  ['one of OpenSSH 10', '14 9 sshd-session sshd-session: [accepted]\n15 14 sshd-auth sshd-auth: [session-auth early]'],
  ['one of OpenSSH 10 that was just taken', '14 9 sshd-session /usr/lib/openssh/sshd-session -D -R'],
])('%s is nobody who came in', (_who, table) => {
  const pids = table.split('\n').map((line) => line.split(' ')[0]!);
  expect(silentIn(`${LISTENER}\n${table}`)).toEqual(['9', ...pids]);
});

test.each([
  ['root, who opened nothing yet,', '14 9 sshd sshd: root'],
  ['root with a program', '14 9 sshd sshd: root@notty\n15 14 sleep sleep 7'],
  ['root who sends files', '14 9 sshd sshd: root@notty\n15 14 sshd sshd: root@internal-sftp'],
  ['ana at a terminal', '14 9 sshd sshd: ana [priv]\n15 14 sshd sshd: ana@pts/0\n16 15 bash -bash'],
  ['ana, greeted by a program,', '14 9 sshd sshd: ana [priv]\n15 14 run-parts run-parts /etc/update-motd.d'],
  ['ana at OpenSSH 10', '14 9 sshd-session sshd-session: ana [priv]\n15 14 sshd-session sshd-session: ana@pts/0'],
  ['one that hides its title', '14 9 sshd -'],
])('%s came in', (_who, table) => {
  expect(silentIn(`${LISTENER}\n${table}`)).toEqual(['9']);
});

test('dropbear has no titles: a connection is a login from the first program below it', () => {
  const server = '9 1 dropbear dropbear -R -F\n14 9 dropbear dropbear -R -F';
  expect(silentIn(server)).toEqual(['9', '14']);
  expect(silentIn(`${server}\n15 14 sh -sh`)).toEqual(['9']);
});

test('a program that only calls itself so is no server', () => {
  expect(silentIn(`${LISTENER}\n14 9 vim sshd: root [net]`)).toEqual(['9']);
});
