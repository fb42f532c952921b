import { FAILURES } from '../../engine/domain/failures.ts';
import { dollarsInPortuguese } from './format.ts';
import { fill, type Pair, REASONS } from './reasons-pt.ts';

/**
 * The engine gives its reasons in English, as sentences of its table of failures or as words of its own. What is known is
 * put into Portuguese; what is not stays as it was said.
 */
export function whyInPortuguese(text: string): string {
  const said = PATTERNS.reduce((before, [english, portuguese]) => before.replace(english, portuguese), text);
  return dollarsInPortuguese(said).replace(DECIMAL, '$1,$2');
}

/** A point in a number that is one of something. */
const DECIMAL = /(\d)\.(\d+)(?= ?(?:%|[kMGT]?B|min|h|s)(?!\w))/g;

type Pattern = readonly [RegExp, string];

/** "{file}: {why}" says nothing of its own, and would be found in everything. */
const LEAST_WORDS = 2;

const sentences: readonly Pattern[] = Object.values(FAILURES)
  .filter(
    ({ say }) =>
      say.en
        .replace(/\{\w+\}/g, '')
        .split(/\s+/)
        .filter(Boolean).length >= LEAST_WORDS,
  )
  .toSorted((a, b) => b.say.en.length - a.say.en.length)
  .map(({ say }) => sentenceOf(say.en, say.pt));

/** The facts stand in another order in Portuguese, so they go by their name. */
function sentenceOf(english: string, portuguese: string): Pattern {
  const text = english.replace(/\.$/, '');
  const seen = new Set<string>();
  const pattern = text.split(/(\{\w+\})/).map((part, i, all) => {
    const [, name] = /^\{(\w+)\}$/.exec(part) ?? [];
    if (name === undefined) return escaped(part);
    if (seen.has(name)) return `\\k<${name}>`;
    seen.add(name);
    const isFirst = all.slice(0, i).every((before) => before === '');
    const isLast = all.slice(i + 1).every((after) => after === '');
    return `(?<${name}>${isFirst ? '\\S+' : isLast ? '.+' : '.+?'})`;
  });
  return [new RegExp(pattern.join(''), 'g'), portuguese.replace(/\.$/, '').replace(/\{(\w+)\}/g, '$<$1>')];
}

/** `#` is one word, `*` as many as it takes, and both come again in the same order; `=` is the whole reason and no part of one. */
function reasonOf([given, portuguese]: Pair): Pattern {
  const [, whole, english = ''] = /^(=?)(.*)$/s.exec(given) ?? [];
  const text = escaped(english).replaceAll('\\*', '(.+?)').replaceAll('#', '(\\S+?)');
  const before = whole ? '^' : /^\w/.test(english) ? '\\b' : '';
  const after = whole ? '$' : /\w$/.test(english) ? '\\b' : '';
  return [new RegExp(`${before}${text}${after}`, 'g'), fill(portuguese)];
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

const PATTERNS: readonly Pattern[] = [...sentences, ...REASONS.map(reasonOf)];
