import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { BIN } from './dumont.ts';

export const TMUX = ['/usr/bin/tmux', '/usr/local/bin/tmux', '/opt/homebrew/bin/tmux'].find(existsSync);

/** A real terminal of a known size, where this computer has tmux. */
export function terminal(home: string, columns: number, rows: number, env: readonly string[] = []) {
  const socket = `dumont-test-${process.pid}-${Math.random().toString(36).slice(2)}`;
  const tmux = (...argv: readonly string[]) =>
    execFileSync(TMUX as string, ['-L', socket, '-f', '/dev/null', ...argv], { encoding: 'utf8' });
  const shell = [
    'env',
    '-i',
    'PATH=/usr/bin:/bin',
    'TERM=tmux-256color',
    'PS1=$ ',
    `DUMONT_HOME=${home}`,
    'LANG=C.UTF-8',
    ...env,
    'sh',
  ];
  tmux(
    '-u',
    'new-session',
    '-d',
    '-x',
    String(columns),
    '-y',
    String(rows),
    shell.map((word) => `'${word}'`).join(' '),
  );
  return {
    type: (line: string) => void tmux('send-keys', line, 'Enter'),
    press: (key: string) => void tmux('send-keys', key),
    resize: (width: number) => void tmux('resize-window', '-x', String(width), '-y', String(rows)),
    screen: () => tmux('capture-pane', '-p').trimEnd(),
    coloured: () => tmux('capture-pane', '-p', '-e'),
    /** Everything, also what scrolled away. */
    history: () => tmux('capture-pane', '-p', '-S', '-').trimEnd(),
    cursorShown: () => tmux('display', '-p', '#{cursor_flag}').trim() === '1',
    [Symbol.dispose]: () => void tmux('kill-server'),
  };
}

/** The command line as it is typed there. */
export const dumont = (words: string) => `'${process.execPath}' '${BIN}' ${words}`;
export const soon = { timeout: 8_000, interval: 50 };
