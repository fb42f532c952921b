import { expect, test } from 'vitest';
import { liveRegion } from '../../engine/cli/live-region.ts';

/** A stream that only remembers. */
function paper(columns: number) {
  const written: string[] = [];
  return { columns, written, write: (text: string) => written.push(text) > 0 };
}

function region(stream: ReturnType<typeof paper>) {
  return liveRegion(stream as unknown as NodeJS.WriteStream);
}

test('a frame goes back over the one before in a single write, and an equal one is not written', () => {
  const stream = paper(80);
  const live = region(stream);
  live.draw(['one', 'two']);
  live.draw(['one', 'two']);
  live.draw(['one', 'three', 'four']);
  live.end();
  expect(stream.written).toEqual([
    '\x1b[?2026h\x1b[?25l\rone\x1b[K\ntwo\x1b[K\n\x1b[J\x1b[?2026l',
    '\x1b[?2026h\r\x1b[2Aone\x1b[K\nthree\x1b[K\nfour\x1b[K\n\x1b[J\x1b[?2026l',
    '\x1b[?25h',
  ]);
});

test('in a window that was made narrow it goes back over the lines that broke in two', () => {
  const stream = paper(80);
  const live = region(stream);
  live.draw(['x'.repeat(70), `\x1b[32m${'y'.repeat(30)}\x1b[39m`, '']);
  stream.columns = 30;
  live.draw(['x']);
  expect(stream.written[1]).toContain('\x1b[5A'); // three rows, one, and one
  live.end();
});

test('what never drew leaves the terminal alone', () => {
  const stream = paper(80);
  region(stream).end();
  expect(stream.written).toEqual([]);
});
