import { appendFileSync, closeSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { appendFile, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DAY_MS } from '../domain/ledger.ts';
import { dayOf, type Level, type LogLine, matters, type PlacedLine, placeIn } from '../domain/log.ts';
import type { Bell, WorkspaceLogs } from '../domain/ports.ts';
import { WORKSPACE_NAME } from '../domain/workspace.ts';
import { logBell } from './logs.ts';
import { withoutSecrets } from './without-secrets.ts';

export interface LogLimits {
  /** Nothing less important is kept. */
  readonly least: Level;
  readonly days: number;
  /** Of one workspace in one day. What its machines say has half of it, so that they cannot push out the engine's words. */
  readonly bytesADay: number;
}

/**
 * `{workspace}_{YYYY-MM-DD}.log`, a JSON line for each event. The name of a workspace is small letters, digits and dashes, so
 * no file is ever outside of the folder or another one's. What is too old goes, the engine's own files as well.
 */
export function openWorkspaceLogs(
  folder: string,
  { least, days: daysKept, bytesADay }: LogLimits,
  now: () => number,
  bell: Bell,
): WorkspaceLogs & AsyncDisposable {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const sizes = new Map<string, number>();
  const full = new Set<string>();
  let pending = new Map<string, string>();
  let writing: Promise<void> = Promise.resolve();
  let today = '';
  const fileOf = (workspace: string, day: string): string => join(folder, `${workspace}_${day}.log`);
  const oldest = (): string => dayOf(now() - (daysKept - 1) * DAY_MS);

  return {
    note(workspace, { at, ...said }) {
      if (!matters(said.level, least) || !WORKSPACE_NAME.test(workspace)) return;
      if (today !== dayOf(now())) turn();
      const line = { at: Math.max(0, Math.min(at, now())), ...said };
      const day = dayOf(line.at);
      if (day < oldest()) return;
      const file = fileOf(workspace, day);
      const text = textOf(line);
      const room = line.by === null ? bytesADay : bytesADay / 2;
      if (sizeOf(file) + text.length <= room) return later(workspace, file, text);
      const whose = `${file} ${line.by === null}`;
      if (full.has(whose)) return;
      full.add(whose);
      const facts = { of: line.by === null ? 'everything' : 'its machines', bytes: room };
      later(workspace, file, textOf({ ...line, level: 'WARNING', event: 'log.full', by: null, facts }));
    },

    async days(workspace) {
      await writing;
      const names = await readdir(folder).catch(() => []);
      const mine = names.map(ours).filter((file) => file?.workspace === workspace);
      return mine
        .flatMap((file) => file?.day ?? [])
        .toSorted()
        .toReversed();
    },

    async read(workspace, day, from) {
      if (!WORKSPACE_NAME.test(workspace) || !/^\d{4}-\d{2}-\d{2}$/.test(day)) return [];
      await writing;
      return linesIn(await bytesFrom(fileOf(workspace, day), from), day, from);
    },

    async [Symbol.asyncDispose]() {
      await writing;
    },
  };

  /** A new day: what is known of the files of the last one is not needed, and what is too old goes. */
  function turn(): void {
    today = dayOf(now());
    sizes.clear();
    full.clear();
    writing = writing.then(async () => {
      for (const name of await readdir(folder).catch(() => [])) {
        const day = ours(name)?.day;
        if (day !== undefined && day < oldest()) await rm(join(folder, name), { force: true }).catch(() => undefined);
      }
    });
  }

  function sizeOf(file: string): number {
    const known = sizes.get(file) ?? endOf(file);
    sizes.set(file, known);
    return known;
  }

  function later(workspace: string, file: string, text: string): void {
    const bytes = sizeOf(file);
    sizes.set(file, bytes + text.length);
    const first = pending.size === 0;
    pending.set(file, (pending.get(file) ?? '') + text);
    if (first) writing = writing.then(flush);
    void writing.then(() => bell.ring(logBell(workspace)));
  }

  async function flush(): Promise<void> {
    const batch = pending;
    pending = new Map();
    for (const [file, text] of batch) {
      try {
        await appendFile(file, text, { mode: 0o600 });
      } catch {
        sizes.delete(file); // a full disk: the store says so itself
      }
    }
  }
}

/** What is in one line, in ASCII, so that its letters are its bytes. */
function textOf({ at, level, event, by, facts }: LogLine): string {
  const line = { at: new Date(at).toISOString(), level, event: event.slice(0, EVENT_MAX), ...(by !== null && { by }) };
  const said = inAscii(JSON.stringify(withoutSecrets(facts)));
  const kept = said.length <= LINE_MAX ? said : JSON.stringify({ cut: said.slice(0, LINE_MAX / 2) });
  return `${inAscii(JSON.stringify(line)).slice(0, -1)},"facts":${kept}}\n`;
}

function linesIn(bytes: Buffer, day: string, from: number): readonly PlacedLine[] {
  const lines: PlacedLine[] = [];
  for (let start = 0, end = bytes.indexOf(NEW_LINE); end >= 0; start = end + 1, end = bytes.indexOf(NEW_LINE, start)) {
    const line = readLine(bytes.toString('latin1', start, end));
    if (line) lines.push({ ...line, place: placeIn(day, from + start) });
  }
  return lines;
}

/** Null for what a crash left of one. */
function readLine(text: string): LogLine | null {
  try {
    const { at, level, event, by = null, facts = {} } = JSON.parse(text);
    return { at: Date.parse(at), level, event, by, facts };
  } catch {
    return null;
  }
}

async function bytesFrom(file: string, from: number): Promise<Buffer> {
  try {
    await using handle = await open(file);
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.max(0, size - from)), 0, null, from);
    return buffer.subarray(0, bytesRead);
  } catch {
    return Buffer.alloc(0); // nothing was written on that day
  }
}

/** How large it is. What a crash left of a line is ended, so that the next one stands alone. */
function endOf(file: string): number {
  try {
    const { size } = statSync(file);
    if (size === 0 || lastByte(file, size) === NEW_LINE) return size;
    appendFileSync(file, '\n');
    return size + 1;
  } catch {
    return 0;
  }
}

function lastByte(file: string, size: number): number | undefined {
  const handle = openSync(file, 'r');
  try {
    const last = Buffer.alloc(1);
    readSync(handle, last, 0, 1, size - 1);
    return last[0];
  } finally {
    closeSync(handle);
  }
}

/** One of the files here: a workspace's, or with none the engine's own. */
function ours(name: string): { readonly workspace: string | null; readonly day: string } | null {
  const [, workspace = null, day] = /^(?:engine-|([a-z][a-z0-9-]*)_)(\d{4}-\d{2}-\d{2})\.log$/.exec(name) ?? [];
  return day === undefined ? null : { workspace, day };
}

const inAscii = (text: string): string =>
  text.replace(/[\u007f-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);

const NEW_LINE = 10;
const EVENT_MAX = 100;
const LINE_MAX = 8_000;
