import { expect, test } from 'vitest';
import { drawSvg } from './draw-svg.ts';
import { type Replay, replay } from './replay.ts';
import { shorten } from './shorten.ts';

/** What stood on the rows at a moment. */
function at(ms: number, { looks }: Replay): string[] {
  const rows: string[] = [];
  for (const { row, fromMs, untilMs, runs } of looks) {
    if (fromMs > ms || (untilMs !== null && untilMs <= ms)) continue;
    rows[row] = runs.reduce((line, { column, text }) => line.padEnd(column) + text, '');
  }
  return [...rows].map((row) => row ?? '');
}

const FRAME = '\x1b[?2026h';
const END = '\x1b[?2026l';

test('a frame that is drawn over another one takes its place, and lines that it lacks are gone', () => {
  const played = replay(
    [
      { atMs: 0, text: 'head\r\n' },
      { atMs: 100, text: `${FRAME}\x1b[?25l\rone\x1b[K\r\ntwo\x1b[K\r\nthree\x1b[K\r\n\x1b[J${END}` },
      { atMs: 200, text: `${FRAME}\r\x1b[3A1\x1b[K\r\n\x1b[J${END}` },
    ],
    10,
  );
  expect(at(50, played)).toEqual(['head']);
  expect(at(150, played)).toEqual(['head', 'one', 'two', 'three']);
  expect(at(250, played)).toEqual(['head', '1']);
});

test('a frame that comes in pieces is shown when it is whole, even when a sequence is cut in two', () => {
  const played = replay(
    [
      { atMs: 0, text: `${FRAME}one` },
      { atMs: 100, text: '\x1b[' },
      { atMs: 200, text: `K${END}` },
    ],
    10,
  );
  expect(played.looks.map(({ fromMs }) => fromMs)).toEqual([200]);
});

test('colours go with their letters, and columns stay where they were', () => {
  const { looks } = replay([{ atMs: 0, text: '\x1b[1mlab\x1b[22m  \x1b[2m\x1b[32mok   0:01\x1b[39m\x1b[22m' }], 10);
  expect(looks[0]?.runs).toEqual([
    { column: 0, text: 'lab', styles: ['bold'] },
    { column: 5, text: 'ok', styles: ['dim', 'green'] },
    { column: 10, text: '0:01', styles: ['dim', 'green'] },
  ]);
});

test('what does not fit scrolls away', () => {
  const played = replay(
    [
      { atMs: 0, text: '1\r\n2\r\n3' },
      { atMs: 50, text: '\r\n4\r\n5' },
    ],
    3,
  );
  expect(played.scrolls).toEqual([
    { fromMs: 0, top: 0 },
    { fromMs: 50, top: 2 },
  ]);
});

test.each(['\x1b[5;5H', '\x1b[7m', '\x1b[?1049h'])('%j is not guessed at', (text) => {
  expect(() => replay([{ atMs: 0, text }], 3)).toThrow('not known here');
});

test('only waiting is shortened: what is news comes as fast as it came', () => {
  const ticks = [...Array(60).keys()].map((tick) => ({ atMs: 200 + tick * 100, text: `\rbooting 0:0${tick % 10}` }));
  const played = replay(
    [{ atMs: 0, text: '$ ' }, ...ticks, { atMs: 6_300, text: '\rrunning' }, { atMs: 6_800, text: '\r\nyes' }],
    3,
  );
  const { replay: shorter, lengthMs, tookMs } = shorten(played, 4);
  expect(tookMs).toBe(6_800);
  // 4.6 s of waiting after the first 1.5 s of it.
  expect(lengthMs).toBe(6_800 - 4_600 + 4_600 / 4);
  expect(shorter.looks).toHaveLength(played.looks.length);
  expect(shorter.looks.at(-1)!.fromMs - shorter.looks.at(-2)!.fromMs).toBe(500);
});

test('the picture has every line once for each time that it stood there, and its words cannot break it', () => {
  const played = replay(
    [
      { atMs: 0, text: 'a < b & c' },
      { atMs: 1_000, text: '\r\n✓ done' },
    ],
    3,
  );
  const svg = drawSvg(shorten(played, 4), 20, '<title>');
  expect(svg).toContain('>a &lt; b &amp; c</text>');
  expect(svg).toMatch(/<text[^>]* y="34" textLength="[\d.]+">✓ done</);
  expect(svg).toContain('aria-label="&lt;title&gt;"');
  expect(svg).toContain('prefers-reduced-motion');
});
