import type * as z from 'zod';

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'fields below it',
  record: 'fields below it',
};

const FORMS: Readonly<Record<string, string>> = {
  date: 'a day like 2024-01-15',
  datetime: 'a time like 2024-01-15T14:30:00Z',
};

/** What is wrong with a value, and what would be right, for people; undefined leaves it to the schema's own words. */
export function issueWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${KINDS[issue.expected] ?? issue.expected}, not ${shown(issue.input)}`;
    case 'too_small':
      return `expected ${bound(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)}`;
    case 'too_big':
      return `expected ${bound(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)}`;
    case 'invalid_value':
      return `expected ${orOf(issue.values.map(String))}, not ${shown(issue.input)}`;
    case 'invalid_format': {
      const form = FORMS[issue.format];
      return form && `expected ${form}, not ${shown(issue.input)}`;
    }
    case 'unrecognized_keys':
      return `there is no ${orOf(issue.keys.map((key) => `"${key}"`))} here`;
    default:
      return undefined;
  }
}

/** Written as one says it. */
function orOf(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function bound(origin: string, words: string, limit: number | bigint): string {
  if (origin === 'string') return `${words} ${limit} ${limit === 1 ? 'letter' : 'letters'}`;
  if (origin === 'array') return `${words} ${limit} ${limit === 1 ? 'entry' : 'entries'}`;
  return `${words} ${limit}`;
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'fields';
  const text = String(value);
  const short = text.length > 40 ? `${text.slice(0, 39)}…` : text;
  return typeof value === 'string' ? `"${short}"` : short;
}
