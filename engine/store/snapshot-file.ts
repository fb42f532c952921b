import { link, readFile, rm } from 'node:fs/promises';
import { type Adapter, Low } from 'lowdb';
import * as z from 'zod';
import { Failure, reasonOf } from '../domain/failures.ts';
import { isMissing, renameDurably, writeDurably } from './durable.ts';

/** All rows as they were after one commit. */
const Document = z.object({
  schema: z.number().int().default(0),
  /** The number of the last commit that is in it. */
  commit: z.number().int().default(0),
  rows: z.record(z.string(), z.array(z.looseObject({ id: z.string() }))),
});
export type Document = z.infer<typeof Document>;

export const previousOf = (path: string): string => `${path}.previous`;

/** lowdb over a file that is replaced as a whole: a crash leaves the old one or the new one, and the one before is kept. */
export function snapshotFile(path: string): Low<Document | null> {
  return new Low(durableJson(path), null);
}

function durableJson(path: string): Adapter<Document | null> {
  return {
    async read() {
      let text: string;
      try {
        text = await readFile(path, 'utf8');
      } catch (cause) {
        if (isMissing(cause)) return null;
        throw cause;
      }
      try {
        return Document.parse(JSON.parse(text));
      } catch (cause) {
        throw damaged(path, reasonOf(cause), cause);
      }
    },

    async write(document) {
      if (document === null) return;
      const draft = `${path}.draft`;
      try {
        await writeDurably(draft, lines(document));
      } catch (cause) {
        await rm(draft, { force: true });
        throw cause;
      }
      const first = !(await keepPrevious(path));
      await renameDurably(draft, path);
      if (first) await keepPrevious(path);
    },
  };
}

export function damaged(path: string, why: string, cause?: unknown): Failure {
  return new Failure('store_damaged', { file: path, why, previous: previousOf(path) }, { cause });
}

/** Gives the file a second name, so that at no moment there is none under the first. False when there is no file yet. */
async function keepPrevious(path: string): Promise<boolean> {
  const draft = `${previousOf(path)}.draft`;
  await rm(draft, { force: true });
  try {
    await link(path, draft);
  } catch (cause) {
    if (isMissing(cause)) return false;
    throw cause;
  }
  await renameDurably(draft, previousOf(path));
  return true;
}

/** One row a line: people can read and compare it, and other work gets a turn between the pieces. */
function* lines(document: Document): Generator<string> {
  yield `{"schema":${document.schema},"commit":${document.commit},"rows":{`;
  let kinds = 0;
  for (const [kind, rows] of Object.entries(document.rows)) {
    yield `${kinds++ === 0 ? '' : ','}\n${JSON.stringify(kind)}:[`;
    for (let first = 0; first < rows.length; first += ROWS_AT_ONCE) {
      const piece = rows.slice(first, first + ROWS_AT_ONCE).map((row) => `\n${JSON.stringify(row)}`);
      yield `${first === 0 ? '' : ','}${piece.join(',')}`;
    }
    yield '\n]';
  }
  yield '\n}}\n';
}

const ROWS_AT_ONCE = 200;
