import { widthOf } from '../text-width.ts';

/** Narrower than this nothing is gained by folding. */
const ROOM_MIN = 16;

/** A sentence in lines that fit, each after `indent` columns; before the first stands `head`, of that width. */
export function fold(head: string, sentence: string, indent: number, columns: number): string[] {
  const room = Math.max(ROOM_MIN, columns - indent);
  const lines: string[] = [];
  for (const word of sentence.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && widthOf(longer) <= room) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.map((line, at) => `${at === 0 ? head : ' '.repeat(indent)}${line}`);
}
