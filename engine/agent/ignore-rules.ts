/**
 * The rules of a .gitignore, as git reads them: byte for byte, the last one that matches decides, and what is left out
 * with its directory cannot be brought back. Texts and paths are raw.
 */
export interface IgnoreRule {
  /** The line it came from. */
  readonly line: string;
  /** Brings back (`!`). */
  readonly keeps: boolean;
  matches(path: string, name: string, directory: boolean): boolean;
}

/** A line that can never match anything. It is told, and the rest counts. */
export interface BadLine {
  /** Counted from 1. */
  readonly number: number;
  readonly line: string;
  readonly why: string;
}

export function ignoreRules(text: string): readonly IgnoreRule[] {
  return rulesIn(text).rules;
}

export function rulesIn(text: string): { readonly rules: readonly IgnoreRule[]; readonly bad: readonly BadLine[] } {
  const rules: IgnoreRule[] = [];
  const bad: BadLine[] = [];
  const lines = text.replace(/^\xef\xbb\xbf/, '').split('\n');
  for (const [index, ended] of lines.entries()) {
    const line = ended.replace(/\r$/, '');
    const rule = ruleFrom(line);
    if (typeof rule === 'string') bad.push({ number: index + 1, line, why: rule });
    else if (rule) rules.push(rule);
  }
  return { rules, bad };
}

/** Null for a line that says nothing; a text says what is wrong with it. */
function ruleFrom(line: string): IgnoreRule | string | null {
  if (line.startsWith('#')) return null;
  if (line.includes('\0')) return 'it holds a NUL byte';
  const trimmed = withoutTrailingBlanks(line);
  const keeps = trimmed.startsWith('!');
  let pattern = keeps ? trimmed.slice(1) : trimmed;
  const onlyDirectories = pattern.endsWith('/');
  if (onlyDirectories) pattern = pattern.slice(0, -1);
  if (pattern === '') return null;
  const anchored = pattern.includes('/');
  if (pattern.startsWith('/')) pattern = pattern.slice(1);
  const glob = globToRegExp(pattern);
  if (typeof glob === 'string') return glob;
  return {
    line,
    keeps,
    matches: (path, name, directory) => (directory || !onlyDirectories) && glob.test(anchored ? path : name),
  };
}

/** Blanks at the end mean nothing unless a backslash stands before them. */
function withoutTrailingBlanks(line: string): string {
  let end = 0;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === ' ') continue;
    end = at + 1;
  }
  return line.slice(0, end);
}

/** A text for a pattern that git takes and that never matches anything. */
function globToRegExp(pattern: string): RegExp | string {
  let source = '';
  // Git compares what stands before the first wildcard by itself, and then takes what follows for the start of a pattern.
  const start = pattern.search(/[*?[\\]/);
  for (let at = 0; at < pattern.length; ) {
    const character = pattern[at]!;
    if (character === '*') {
      const stars = /^\*+/.exec(pattern.slice(at))![0].length;
      const before = at === start || pattern[at - 1] === '/';
      const rest = pattern.slice(at + stars);
      at += stars;
      if (stars > 1 && before && rest.startsWith('/')) {
        source += '(?:.*/)?';
        at += 1;
      } else if (stars > 1 && before && (rest === '' || rest.startsWith('\\/'))) source += '.*';
      else source += '[^/]*';
    } else if (character === '?') {
      source += '[^/]';
      at += 1;
    } else if (character === '[') {
      const set = bracket(pattern, at);
      if (typeof set === 'string') return set;
      source += set.source;
      at = set.end;
    } else {
      const literal = character === '\\' ? pattern[at + 1] : character;
      if (literal === undefined) return OPEN_ESCAPE;
      source += escaped(literal);
      at += character === '\\' ? 2 : 1;
    }
  }
  return new RegExp(`^${source}$`, 's');
}

/** `[...]` as git's wildmatch reads it. A `]` that comes first is one of its characters; a slash never matches. */
function bracket(pattern: string, start: number): { source: string; end: number } | string {
  let at = start + 1;
  const negated = pattern[at] === '!' || pattern[at] === '^';
  if (negated) at += 1;
  let inside = '';
  let previous: string | null = null;
  for (let first = true; first || pattern[at] !== ']'; first = false) {
    let character = pattern[at];
    if (character === undefined) return OPEN_BRACKET;
    const named = character === '[' ? namedClass(pattern, at) : null;
    if (named === 'unknown') return 'it names a class of characters that does not exist';
    if (named) {
      inside += named.source;
      at = named.end;
      previous = null;
      continue;
    }
    const next = pattern[at + 1];
    if (character === '-' && previous !== null && next !== undefined && next !== ']') {
      at += 1;
      if (pattern[at] === '\\') at += 1;
      const last = pattern[at];
      if (last === undefined) return OPEN_BRACKET;
      if (previous <= last) inside += `${escaped(previous)}-${escaped(last)}`;
      previous = null;
      at += 1;
      continue;
    }
    if (character === '\\') {
      at += 1;
      character = pattern[at];
      if (character === undefined) return OPEN_BRACKET;
    }
    inside += escaped(character);
    previous = character;
    at += 1;
  }
  return { source: negated ? `[^/${inside}]` : inside === '' ? '(?!)' : `(?!/)[${inside}]`, end: at + 1 };
}

function namedClass(pattern: string, at: number): { source: string; end: number } | 'unknown' | null {
  if (pattern[at + 1] !== ':') return null;
  const close = pattern.indexOf(']', at + 2);
  if (close === -1) return 'unknown';
  if (close < at + 3 || pattern[close - 1] !== ':') return null;
  const source = CLASSES[pattern.slice(at + 2, close - 1)];
  return source === undefined ? 'unknown' : { source, end: close + 1 };
}

const CLASSES: Readonly<Record<string, string>> = {
  alnum: 'A-Za-z0-9',
  alpha: 'A-Za-z',
  blank: ' \\t',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: ' \\t\\n\\v\\f\\r',
  upper: 'A-Z',
  xdigit: '0-9A-Fa-f',
};

const escaped = (character: string): string => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;

const OPEN_BRACKET = 'a bracket is not closed; write \\[ for the character itself';
const OPEN_ESCAPE = 'a backslash stands at its end';
