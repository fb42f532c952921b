import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';
import { showNotice, terminalsHere } from '../../engine/agent/notice.ts';
import { placeAt } from '../../engine/agent/place.ts';

const root = mkdtempSync(join(tmpdir(), 'dumont-notice-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let homes = 0;
const place = () => placeAt(root, join(root, `home${++homes}`), '', null);

/** A terminal: its name, and on each word that it is told, what was shown there since. `stuck` fills it to the brim. */
const TERMINAL = `
import os, pty, select, sys, termios, fcntl
master, slave = pty.openpty()
print(os.ttyname(slave), flush=True)
for word in sys.stdin:
    word = word.strip()
    if word == 'stick':
        flags = fcntl.fcntl(slave, fcntl.F_GETFL)
        fcntl.fcntl(slave, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        try:
            while True: os.write(slave, b'x' * 4096)
        except BlockingIOError: pass
        fcntl.fcntl(slave, fcntl.F_SETFL, flags)
        print('stuck', flush=True)
    else:
        shown, wait = b'', 1
        while select.select([master], [], [], wait)[0]:
            wait = 0.1
            shown += os.read(master, 65536)
        print(shown.hex() or 'nothing', flush=True)
`;

const python = (() => {
  try {
    execFileSync('python3', ['-c', 'import pty'], { stdio: 'ignore' });
    return process.platform === 'linux';
  } catch {
    return false;
  }
})();

async function terminal() {
  const child = spawn('python3', ['-c', TERMINAL], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => (await lines.next()).value ?? '';
  const name = await line();
  const ask = async (word: string): Promise<string> => {
    child.stdin.write(`${word}\n`);
    return await line();
  };
  return {
    name,
    stick: () => ask('stick'),
    shown: async () => Buffer.from((await ask('show')).replace('nothing', ''), 'hex').toString(),
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  };
}

test.skipIf(!python)('a notice is shown on every terminal, with a bell, and once, by whichever agent', async () => {
  using one = await terminal();
  using other = await terminal();
  const at = place();
  const terminals = [one.name, '/dev/pts/99999', other.name];
  showNotice(at, { id: 'idle-1', text: 'Nothing stirs.\nIt is put to sleep. \u001b[31mé' }, terminals);
  const words = '\r\r\n\u0007Nothing stirs.\r\r\nIt is put to sleep.  [31mé\r\r\n'; // the terminal adds a CR to each LF
  expect(await one.shown()).toBe(words);
  expect(await other.shown()).toBe(words);
  showNotice(at, { id: 'idle-1', text: 'Nothing stirs.' }, terminals);
  expect(await one.shown()).toBe('');
  showNotice(at, { id: 'idle-2', text: 'Again.' }, terminals);
  expect(await one.shown()).toContain('Again.');
});

test.skipIf(!python)('every terminal of the machine is found', async () => {
  using one = await terminal();
  expect(one.name).toMatch(/^\/dev\/pts\/\d+$/);
  const text = `found ${process.pid}`;
  // Not on other people's: only this one is shown it.
  expect(terminalsHere()).toContain(one.name);
  showNotice(
    place(),
    { id: 'x', text },
    terminalsHere().filter((name) => name === one.name),
  );
  expect(await one.shown()).toContain(text);
});

test.skipIf(!python)('a terminal that takes no more holds nobody up', async () => {
  using stuck = await terminal();
  using free = await terminal();
  expect(await stuck.stick()).toBe('stuck');
  const startedAt = performance.now();
  showNotice(place(), { id: 'x', text: 'heard' }, [stuck.name, free.name]);
  expect(performance.now() - startedAt).toBeLessThan(2_000);
  expect(await free.shown()).toContain('heard');
});

test.skipIf(!python)('a list of what was shown that a crash tore shows it once more', async () => {
  using one = await terminal();
  const at = place();
  writeFileSync(join(at.home, 'notices.json'), '["idle-');
  showNotice(at, { id: 'idle-1', text: 'heard' }, [one.name]);
  expect(await one.shown()).toContain('heard');
});
