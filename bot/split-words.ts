import { Failure } from '../engine/domain/failures.ts';
import type { Words } from './words/words.ts';

const WORD = /\s*((?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])+)/y;

/** A line as its words: quotes hold together, a backslash takes the next sign as it is. No shell sees it. */
export function splitWords(line: string, words: Words): readonly string[] {
  const found: string[] = [];
  WORD.lastIndex = 0;
  let end = 0;
  for (let match = WORD.exec(line); match; match = WORD.exec(line)) {
    end = WORD.lastIndex;
    found.push((match[1] ?? '').replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g, unquoted));
  }
  if (line.slice(end).trim() !== '') throw new Failure('bad_request', { why: words.say.openQuote });
  return found;
}

function unquoted(
  _: string,
  double: string | undefined,
  single: string | undefined,
  escaped: string | undefined,
): string {
  return double?.replace(/\\(.)/g, '$1') ?? single ?? escaped ?? '';
}
