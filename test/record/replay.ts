/** What a program wrote to its terminal, and when. */
export interface Written {
  readonly atMs: number;
  readonly text: string;
}

/** Letters that look alike, from this column on. */
export interface Run {
  readonly column: number;
  readonly text: string;
  readonly styles: readonly string[];
}

/** How a line looked from one moment to the next; the last look of a line has no end. */
export interface Look {
  readonly row: number;
  readonly fromMs: number;
  readonly untilMs: number | null;
  readonly runs: readonly Run[];
}

export interface Replay {
  readonly looks: readonly Look[];
  /** From when on which row is the first on the screen. */
  readonly scrolls: readonly { readonly fromMs: number; readonly top: number }[];
  readonly rows: number;
}

const STYLES: Readonly<Record<string, string>> = {
  1: 'bold',
  2: 'dim',
  31: 'red',
  32: 'green',
  33: 'yellow',
  36: 'cyan',
};

type Cell = { readonly letter: string; readonly styles: readonly string[] };

/**
 * Plays what was written into a terminal of `rows` lines that forgets nothing: rows are counted from the very first line.
 * It knows what our own live view uses; anything else in a recording is an error, and never drawn wrongly.
 */
export function replay(written: readonly Written[], rows: number): Replay {
  const lines: Cell[][] = [[]];
  const open = new Map<number, { fromMs: number; key: string; runs: readonly Run[] }>();
  const looks: Look[] = [];
  const scrolls = [{ fromMs: 0, top: 0 }];
  let [row, column, top] = [0, 0, 0];
  let styles: readonly string[] = [];
  let inFrame = false;
  let rest = '';

  for (const { atMs, text } of written) {
    rest += text;
    rest = rest.slice(play(rest));
    if (!inFrame) show(atMs);
  }
  for (const [at, { fromMs, runs }] of open) looks.push({ row: at, fromMs, untilMs: null, runs });
  return { looks: looks.toSorted((a, b) => a.fromMs - b.fromMs || a.row - b.row), scrolls, rows };

  /** Returns how much of it was understood: a sequence may come in two pieces. */
  function play(text: string): number {
    let at = 0;
    while (at < text.length) {
      if (text[at] !== '\x1b') {
        const letter = String.fromCodePoint(text.codePointAt(at)!);
        put(letter);
        at += letter.length;
        continue;
      }
      // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what terminals are told with.
      const sequence = /^\x1b\[([?\d;]*)([A-Za-z])/.exec(text.slice(at));
      if (!sequence) {
        if (text.length - at < SEQUENCE_MAX) return at;
        throw new Error(`no sequence that we know: ${JSON.stringify(text.slice(at, at + SEQUENCE_MAX))}`);
      }
      obey(sequence[1] ?? '', sequence[2] ?? '');
      at += sequence[0].length;
    }
    return at;
  }

  function put(letter: string): void {
    if (letter === '\r') column = 0;
    else if (letter === '\n') {
      row += 1;
      lines[row] ??= [];
      top = Math.max(top, row - rows + 1);
    } else {
      const line = lines[row]!;
      while (line.length < column) line.push({ letter: ' ', styles: [] });
      line[column] = { letter, styles };
      column += 1;
    }
  }

  function obey(given: string, command: string): void {
    const [first = 0] = given.split(';').map(Number);
    if (command === 'm') for (const code of given.split(';')) styles = styled(styles, code === '' ? '0' : code);
    else if (command === 'A') row = Math.max(top, row - Math.max(1, first));
    else if (command === 'K' && given === '') lines[row]!.length = Math.min(lines[row]!.length, column);
    else if (command === 'J' && given === '') {
      lines[row]!.length = Math.min(lines[row]!.length, column);
      for (let below = row + 1; below < lines.length; below += 1) lines[below] = [];
    } else if (given === '?2026') inFrame = command === 'h';
    else if (given !== '?25')
      throw new Error(`a terminal is told ${JSON.stringify(given + command)}, which is not known here`);
  }

  function show(atMs: number): void {
    lines.forEach((line, at) => {
      const key = JSON.stringify(line);
      const before = open.get(at);
      if (before?.key === key) return;
      if (before) looks.push({ row: at, fromMs: before.fromMs, untilMs: atMs, runs: before.runs });
      open.delete(at);
      const runs = runsOf(line);
      if (runs.length > 0) open.set(at, { fromMs: atMs, key, runs });
    });
    if (scrolls.at(-1)!.top !== top) scrolls.push({ fromMs: atMs, top });
  }
}

const SEQUENCE_MAX = 24;

function styled(styles: readonly string[], code: string): readonly string[] {
  if (code === '0') return [];
  if (code === '22') return styles.filter((style) => style !== 'bold' && style !== 'dim');
  if (code === '39') return styles.filter((style) => style === 'bold' || style === 'dim');
  const style = STYLES[code];
  if (!style) throw new Error(`a colour is chosen by ${code}, which is not known here`);
  return [...styles, style];
}

/** Blanks are not drawn; two of them also end a run, so that columns stand where they stood whatever the font. */
function runsOf(line: readonly Cell[]): Run[] {
  const runs: Run[] = [];
  let run: { column: number; text: string; styles: readonly string[] } | null = null;
  const end = () => {
    if (run && run.text.trim() !== '') runs.push({ ...run, text: run.text.trimEnd() });
    run = null;
  };
  line.forEach(({ letter, styles }, column) => {
    if (run && (run.styles.join() !== styles.join() || run.text.endsWith('  '))) end();
    if (!run && letter === ' ') return;
    if (run) run.text += letter;
    else run = { column, text: letter, styles };
  });
  end();
  return runs;
}
