import { styleText } from 'node:util';
import { asCalled, CALLED } from './called.ts';
import { DUMB_TERMINAL } from './home.ts';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';
export type Paint = (style: Style, text: string) => string;

/** Results go to standard output, everything else to standard error, so that a pipe gets only the result. */
export interface Screen {
  readonly json: boolean;
  readonly quiet: boolean;
  /** Do not ask. */
  readonly yes: boolean;
  /** Progress can be redrawn in place. */
  readonly live: boolean;
  /** Columns for tables; as many as they need where nobody looks. */
  readonly width: number;
  readonly paint: Paint;
  readonly progress: NodeJS.WriteStream;
  print(...lines: readonly string[]): void;
  /** One document, or one line of a stream. */
  printJson(value: unknown): void;
  note(...lines: readonly string[]): void;
  /** A question that `yes` answers; false where nobody can be asked. */
  readonly asks: boolean;
}

/** Read before anything else is, so that even a mistyped command is answered in the form that was asked for. */
export function openScreen(argv: readonly string[]): Screen {
  const ours = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const has = (...names: readonly string[]) => names.some((name) => ours.includes(name));
  const options = { json: has('--json'), quiet: has('--quiet', '-q'), yes: has('--yes', '-y') };
  const { stdout, stderr, stdin } = process;
  for (const stream of [stdout, stderr]) stream.on('error', leaveOnBrokenPipe);
  return {
    ...options,
    live: Boolean(stderr.isTTY) && !DUMB_TERMINAL && !options.json && !options.quiet,
    width: stdout.isTTY ? stdout.columns : Number.POSITIVE_INFINITY,
    paint: painter(stdout),
    progress: stderr,
    asks: Boolean(stdin.isTTY && stderr.isTTY) && !options.json,
    print: (...lines) => void stdout.write(asCalled(lines.map((line) => `${line}\n`).join(''), CALLED)),
    printJson: (value) => void stdout.write(`${JSON.stringify(value)}\n`),
    note: (...lines) => {
      if (!options.quiet && !options.json) stderr.write(asCalled(lines.map((line) => `${line}\n`).join(''), CALLED));
    },
  };
}

/** Colours only where the stream shows them: not in a pipe, not with NO_COLOR. */
export function painter(stream: NodeJS.WriteStream): Paint {
  return (style, text) => styleText(style, text, { stream });
}

/** `dumont logs lab | head` ends when head has seen enough; that is not an error. */
function leaveOnBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
}
