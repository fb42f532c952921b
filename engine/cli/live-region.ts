import { stripVTControlCharacters } from 'node:util';
import { widthOf } from './text-width.ts';

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
/** Terminals that know it show the frame at once when it is whole; the others ignore it. */
const BEGIN_FRAME = '\x1b[?2026h';
const END_FRAME = '\x1b[?2026l';
const TO_LINE_END = '\x1b[K';
const TO_SCREEN_END = '\x1b[J';
const up = (lines: number) => (lines > 0 ? `\x1b[${lines}A` : '');

export interface LiveRegion {
  /** Replaces what it drew before. Lines must fit the terminal. */
  draw(lines: readonly string[]): void;
  /** Leaves the last frame standing and gives the cursor back. */
  end(): void;
}

/** Lines at the end of the terminal that are drawn again in place, in one write, and only when they changed. */
export function liveRegion(stream: NodeJS.WriteStream): LiveRegion {
  let shown: readonly string[] = [];
  let begun = false;
  const restore = () => void stream.write(SHOW_CURSOR);

  return {
    draw(lines) {
      const same = lines.length === shown.length && lines.every((line, at) => line === shown[at]);
      if (begun && same) return;
      if (!begun) process.once('exit', restore);
      const first = begun ? '' : HIDE_CURSOR;
      begun = true;
      const back = up(rowsOf(shown, stream.columns));
      const body = lines.map((line) => `${line}${TO_LINE_END}\n`).join('');
      stream.write(`${BEGIN_FRAME}${first}\r${back}${body}${TO_SCREEN_END}${END_FRAME}`);
      shown = lines;
    },
    end() {
      if (!begun) return;
      restore();
      process.off('exit', restore);
    },
  };
}

/** A terminal that was made narrower since has broken the longer lines in two. */
function rowsOf(lines: readonly string[], columns: number): number {
  return lines.reduce(
    (sum, line) => sum + Math.max(1, Math.ceil(widthOf(stripVTControlCharacters(line)) / columns)),
    0,
  );
}
