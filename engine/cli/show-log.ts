import { askedWords } from '../domain/asked-words.ts';
import type { Level } from '../domain/log.ts';
import type { EventJson } from '../http/json/event.ts';
import type { LogLineJson, LogLinesJson } from '../http/json/log.ts';
import type { EngineClient } from './engine-client.ts';
import { feed } from './event-feed.ts';
import { eventWords, isEvent } from './event-words.ts';
import { printFeed } from './print-feed.ts';
import type { Screen } from './screen.ts';

interface Wanted {
  readonly least: Level;
  readonly date: string | undefined;
  readonly count: number;
  readonly follow: boolean;
}

interface With {
  readonly engine: EngineClient;
  readonly screen: Screen;
  readonly signal: AbortSignal;
}

/** The log of a workspace as it is kept: by UTC, with levels, and with what its machines say. */
export async function showLog(name: string, wanted: Wanted, { engine, screen, signal }: With): Promise<number> {
  const path = `/api/v1/instances/${encodeURIComponent(name)}/logs`;
  const lines = await lastLines(path, wanted, engine, signal);
  const print = (line: LogLineJson): void => (screen.json ? screen.printJson(line) : screen.print(words(line, screen)));
  for (const line of lines) print(line);
  if (!wanted.follow) {
    if (lines.length === 0 && !screen.json) screen.note(noneWords(name, wanted));
    return 0;
  }
  const from = { path, query: { level: wanted.least }, after: lines.at(-1)?.place ?? BEFORE_ALL };
  return await printFeed(
    feed<LogLineJson>(engine, from, ({ place }) => place, signal),
    print,
    screen,
    signal,
  );
}

function noneWords(name: string, { least, date }: Wanted): string {
  const level = least === 'DEBUG' ? '' : ` at ${least} or above`;
  return `The log of ${name} has nothing${level}${date === undefined ? '' : ` on ${date} (UTC)`}.`;
}

/** Oldest first. */
async function lastLines(
  path: string,
  { least, date, count }: Wanted,
  engine: EngineClient,
  signal: AbortSignal,
): Promise<readonly LogLineJson[]> {
  const found: LogLineJson[] = [];
  let cursor: string | undefined;
  do {
    const limit = Math.min(PAGE, count - found.length);
    const page: LogLinesJson = await engine.get(path, { level: least, date, limit, cursor }, signal);
    found.push(...page.lines);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined && found.length < count);
  return found.toReversed();
}

function words(line: LogLineJson, { paint }: Screen): string {
  const { at, level, event, machine_id: by, facts } = line;
  const when = at.slice(0, 19).replace('T', ' ');
  const what =
    by === null && isEvent(event)
      ? eventWords({ number: 0, at, instance_id: null, event, facts } as unknown as EventJson)
      : ((by === null ? askedWords(line, 'en') : null) ??
        [by === null ? event : `${by}: ${event}`, ...Object.entries(facts).map(fact)].join(' '));
  return `${paint('dim', `${when}Z`)} ${paint(COLOURS[level], level.padEnd(7))} ${what}`;
}

function fact([name, value]: [string, unknown]): string {
  return `${name.replaceAll(/[^\w.-]/g, '?')}=${typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)}`;
}

const COLOURS = { DEBUG: 'dim', INFO: 'green', WARNING: 'yellow', ERROR: 'red' } as const;
const PAGE = 1_000;
const BEFORE_ALL = '1970-01-01-000000000000000';
