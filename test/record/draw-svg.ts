import type { Look, Run } from './replay.ts';
import type { Shortened } from './shorten.ts';

const COLUMN = 8.43;
const LINE = 20;
const FONT = 14;
const EDGE = 16;
const TITLE = 36;
/** The end stands still for a while before it all begins anew. */
const REST_MS = 9_000;

/** An SVG that moves by itself, without a script, so that a page may show it as an image. */
export function drawSvg({ replay, lengthMs }: Shortened, columns: number, title: string): string {
  const loopMs = lengthMs + REST_MS;
  const width = Math.ceil(columns * COLUMN + 2 * EDGE);
  const height = TITLE + replay.rows * LINE + EDGE;
  const together = Map.groupBy(replay.looks, ({ fromMs, untilMs }) => `${fromMs}-${untilMs}`);
  const groups = [...together.values()].map((looks, at) => group(looks, `a${at}`, loopMs));
  const last = replay.scrolls.at(-1)?.top ?? 0;
  const scrolls = replay.scrolls.map(
    ({ fromMs, top }) => `${percent(fromMs, loopMs)}{transform:translateY(${-top * LINE}px)}`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}g g{animation:${seconds(loopMs)} step-end infinite}`,
    `#s{transform:translateY(${-last * LINE}px);animation:s ${seconds(loopMs)} step-end infinite}`,
    `@keyframes s{${scrolls.join('')}}`,
    ...groups.map(({ css }) => css),
    // Whoever wants nothing to move sees how it ended.
    '@media(prefers-reduced-motion:reduce){#s,g g{animation:none!important}}</style>',
    `<rect width="${width}" height="${height}" rx="10" fill="#0d1117" stroke="#30363d"/>`,
    ...['#ff5f56', '#ffbd2e', '#27c93f'].map(
      (fill, at) => `<circle cx="${20 + at * 20}" cy="18" r="6" fill="${fill}"/>`,
    ),
    `<text class="dim" x="${width / 2}" y="23" text-anchor="middle">${escaped(title)}</text>`,
    `<svg x="${EDGE}" y="${TITLE}" width="${width - 2 * EDGE}" height="${replay.rows * LINE}"><g id="s">`,
    ...groups.map(({ drawn }) => drawn),
    '</g></svg></svg>',
    '',
  ].join('\n');
}

const STYLE = [
  `text{font:${FONT}px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#e6edf3;white-space:pre}`,
  '.bold{font-weight:700}.dim{fill:#8b949e}.red{fill:#ff7b72}.green{fill:#56d364}.yellow{fill:#e3b341}.cyan{fill:#56d4dd}',
].join('');

/** Lines that came together and went together, with one animation for all of them. */
function group(looks: readonly Look[], id: string, loopMs: number): { css: string; drawn: string } {
  const { fromMs, untilMs } = looks[0]!;
  const texts = looks.flatMap(({ row, runs }) => runs.map((run) => drawRun(run, row))).join('');
  const until = untilMs === null ? '' : `${percent(untilMs, loopMs)}{visibility:hidden}`;
  const before = fromMs === 0 ? '' : '0%{visibility:hidden}';
  const frames = `${before}${percent(fromMs, loopMs)}{visibility:visible}${until}`;
  // Without animations only what was there at the end is seen.
  const still = untilMs === null ? '' : 'visibility:hidden;';
  return {
    css: `#${id}{${still}animation-name:${id}}@keyframes ${id}{${frames}}`,
    drawn: `<g id="${id}">${texts}</g>`,
  };
}

function drawRun({ column, text, styles }: Run, row: number): string {
  const look = styles.length === 0 ? '' : ` class="${styles.join(' ')}"`;
  // Letters that a font lacks come from another one, of another width.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: everything that is plain.
  const fixed = /^[\x00-\x7f]*$/.test(text) ? '' : ` textLength="${short([...text].length * COLUMN)}"`;
  return `<text x="${short(column * COLUMN)}" y="${row * LINE + FONT}"${look}${fixed}>${escaped(text)}</text>`;
}

function percent(ms: number, ofMs: number): string {
  return `${((100 * ms) / ofMs).toFixed(3).replace(/\.?0+$/, '')}%`;
}

function seconds(ms: number): string {
  return `${short(ms / 1_000)}s`;
}

function short(value: number): string {
  return value.toFixed(2).replace(/\.?0+$/, '');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
