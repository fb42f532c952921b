import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawSvg } from './draw-svg.ts';
import { replay, type Written } from './replay.ts';
import { shorten } from './shorten.ts';

/**
 * `npm run record`: takes the tour in a real terminal (that of `script`, from util-linux) and draws what it wrote, and when,
 * as an SVG. Nothing is staged: whoever runs it gets their own times.
 */
const COLUMNS = 100;
const ROWS = 30;
const FASTER = 4;
const FILE = join(import.meta.dirname, 'tour.svg');
const BIN = join(import.meta.dirname, '..', '..', 'engine', 'cli', 'dumont.js');
const PROMPT = '\x1b[32m$\x1b[39m ';
const TYPED = 'npx dumont tour';
const TYPED_MS = 1_600;

const home = await mkdtemp(join(tmpdir(), 'dumont-record-'));
try {
  const { written, code } = await record(home);
  if (code !== 0) throw new Error(`the tour ended with ${code}:\n${written.map(({ text }) => text).join('')}`);
  const shortened = shorten(replay(written, ROWS), FASTER);
  const took = Math.round((shortened.tookMs - TYPED_MS) / 1_000);
  const svg = drawSvg(
    shortened,
    COLUMNS,
    `npx dumont tour: a real run of ${took} s, its waiting shown ${FASTER} times as fast`,
  );
  await writeFile(FILE, svg);
  console.log(
    `${FILE}: ${Math.round(svg.length / 1_000)} kB, ${took} s in ${Math.round(shortened.lengthMs / 1_000)} s`,
  );
} finally {
  await rm(home, { recursive: true, force: true });
}

async function record(folder: string): Promise<{ written: Written[]; code: number | null }> {
  // biome-ignore lint/style/noProcessEnv: programs are found by PATH.
  const { PATH, DUMONT_RESTIC } = process.env;
  const line = `stty cols ${COLUMNS} rows ${ROWS}; exec '${process.execPath}' '${BIN}' tour`;
  const env = {
    PATH,
    DUMONT_RESTIC,
    DUMONT_HOME: folder,
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
    npm_command: 'exec',
  };
  const child = spawn('script', ['--quiet', '--flush', '--return', '--command', line, join(folder, 'typescript')], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const written: Written[] = [...typed()];
  const began = performance.now() - (written.at(-1)?.atMs ?? 0);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written.push({ atMs: Math.round(performance.now() - began), text: text.replaceAll('\r\r\n', '\r\n') });
  });
  const [code] = await once(child, 'close');
  return { written, code };
}

/** The one thing that nobody really typed. */
function* typed(): Generator<Written> {
  yield { atMs: 0, text: PROMPT };
  for (const [at, letter] of [...TYPED].entries()) yield { atMs: 400 + at * 60, text: letter };
  yield { atMs: TYPED_MS, text: '\r\n' };
}
