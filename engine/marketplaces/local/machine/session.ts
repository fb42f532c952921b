import { constants } from 'node:os';
import type { PseudoTtyInfo, ServerChannel, Session } from 'ssh2';
import type { Chamber, Inside } from './chamber.ts';
import { signalGroup } from './children.ts';
import { hangUp, programOn, resize, sized, terminalHere } from './terminal.ts';

/** One session of a login: a command, or a shell, with a terminal where one was asked for. */
export function serveSession(
  session: Session,
  chamber: Chamber,
  login: Readonly<Record<string, string>>,
  searchPath: string,
): void {
  const environment: Record<string, string> = { ...login };
  const terminal = terminalHere(searchPath);
  let size: PseudoTtyInfo | null = null;
  let inside: Inside | null = null;

  session.on('env', (accept, _reject, { key, val }) => {
    if (/^(LANG|LC_\w+|GIT_\w+|TERM|COLORTERM)$/.test(key)) environment[key] = val;
    accept?.();
  });
  session.on('pty', (accept, reject, info) => {
    if (!terminal) return reject?.();
    size = info;
    environment.TERM = (info as PseudoTtyInfo & { term?: string }).term || 'xterm';
    accept?.();
  });
  session.on('window-change', (accept, _reject, info) => {
    accept?.();
    if (size && inside) resize(chamber, inside, info, environment);
    if (size) size = { ...size, ...info };
  });
  session.on('signal', (accept, _reject, { name }) => {
    accept?.();
    if (!inside || !(`SIG${name}` in constants.signals)) return;
    signalGroup(size ? programOn(inside) : inside.pid(), `SIG${name}` as NodeJS.Signals);
  });
  session.on('exec', (accept, _reject, { command }) => {
    inside = begin(accept(), ['/bin/bash', '-c', command], `exec /bin/bash -c ${word(command)}`);
  });
  session.on('shell', (accept) => {
    inside = begin(accept(), ['/bin/bash', '-l'], 'exec /bin/bash -l');
  });

  function begin(channel: ServerChannel, plain: readonly string[], line: string): Inside {
    const argv = size && terminal ? terminal(sized(line, size)) : plain;
    const started = chamber.run(argv, environment);
    join(channel, started, size !== null);
    return started;
  }
}

/** Joins a program to its channel, and ends each when the other ends. */
function join(channel: ServerChannel, inside: Inside, hasTerminal: boolean): void {
  const { child } = inside;
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  child.stdin.on('error', () => undefined); // it stopped reading
  channel.on('error', () => undefined);

  child.on('error', (cause) => {
    channel.stderr.write(`${cause.message}\n`);
    channel.exit(127);
    channel.end();
  });
  child.on('exit', (code, name) =>
    code === null ? channel.exit((name ?? 'KILL').replace(/^SIG/, '')) : channel.exit(code),
  );
  child.on('close', () => channel.end());
  channel.on('close', () => {
    // As other servers do: who had a terminal hears that it hung up; others notice when they read or write.
    if (hasTerminal) hangUp(inside);
    child.stdin.destroy();
    child.stdout.destroy();
    child.stderr.destroy();
  });
}

function word(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
