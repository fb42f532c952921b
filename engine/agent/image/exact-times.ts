import { spawn } from 'node:child_process';
import { secondsAndRest } from '../times.ts';
import { CALLS } from './attributes.ts';

/** Sets times to the nanosecond, for which Node has no call, beside other work. Those of links themselves. */
export interface ExactTimes extends Disposable {
  /** Raw, and what the system is asked for. It has that time to within a microsecond already. */
  set(path: string, mtimeNs: string): void;
  /** Until all that were asked for are set. Where nobody here can, they stay as they are. */
  settled(): Promise<void>;
}

/** Perl is started at once: of a process that has grown the system takes long to make a second one. */
export function openExactTimes(): ExactTimes {
  const calls = CALLS[process.arch];
  if (!calls) return { set: () => undefined, settled: async () => undefined, [Symbol.dispose]: () => undefined };
  const perl = spawn('perl', ['-e', TIME, String(calls.time)], { stdio: ['pipe', 'pipe', 'ignore'] });
  const waiting: (() => void)[] = [];
  let rows: string[] = [];
  let over = false;
  const end = (): void => {
    over = true;
    for (const answer of waiting.splice(0)) answer();
  };
  perl.on('error', end);
  perl.on('close', end);
  perl.stdin.on('error', () => undefined); // it ended
  perl.stdout.on('data', (marks: Buffer) => {
    for (const answer of waiting.splice(0, marks.length)) answer();
  });
  const send = (): void => {
    if (rows.length > 0 && !over) perl.stdin.write(rows.join(''), 'latin1');
    rows = [];
  };
  return {
    set(path, mtimeNs) {
      const [seconds, rest] = secondsAndRest(mtimeNs);
      if (rest === 0) return; // exact already
      rows.push(`${seconds} ${rest} ${path}\0`);
      if (rows.length === ROWS) send();
    },
    async settled() {
      rows.push(MARK);
      send();
      if (over) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(resolve);
      await promise;
    },
    [Symbol.dispose]: () => perl.stdin.end(),
  };
}

const ROWS = 256;
/** A row without a path. */
const MARK = '0 0 \0';

/** AT_FDCWD, and AT_SYMLINK_NOFOLLOW. */
const TIME = String.raw`
my $time = $ARGV[0] + 0;
$/ = "\0"; binmode STDIN;
while (<STDIN>) {
  chomp;
  my ($seconds, $rest, $path) = split / /, $_, 3;
  if ($path eq "") { syswrite STDOUT, "."; next; }
  my $times = pack("q4", $seconds, $rest, $seconds, $rest);
  syscall($time, -100, $path, $times, 0x100);
}`;
