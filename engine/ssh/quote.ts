import assert from 'node:assert/strict';

/** The one place where a program's arguments become a line for a remote shell. */
export function quote(argv: readonly string[]): string {
  assert(argv.length > 0, 'a command needs a program');
  return argv.map(quoteWord).join(' ');
}

function quoteWord(word: string): string {
  assert(!word.includes('\0'), 'an argument cannot hold a NUL byte');
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A command for people: its words, and not more of them than fit a sentence. */
export function wordsOf(argv: readonly string[]): string {
  const words = argv.join(' ');
  return words.length > WORDS_MAX ? `${words.slice(0, WORDS_MAX)}…` : words;
}

const WORDS_MAX = 120;
