import type { Phrases } from '../words/phrases.ts';

const LINES_MAX = 3_600;

/** As many lines as fit, and how many did not. */
export function list(lines: readonly string[], words: Phrases): string {
  let room = LINES_MAX;
  const shown: string[] = [];
  for (const line of lines) {
    if (line.length + 1 > room) break;
    room -= line.length + 1;
    shown.push(line);
  }
  const hidden = lines.length - shown.length;
  return [...shown, ...(hidden > 0 ? [`… ${words.count(hidden)} ${words.label.more}`] : [])].join('\n');
}
