/** Characters that take two columns of a terminal. */
const WIDE = /\p{Script=Han}|\p{Script=Hangul}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Emoji_Presentation}/u;
/** Characters that take none: accents on the letter before, joiners. */
const NARROW = /\p{Mn}|\p{Me}|\p{Cf}/u;

/** How many columns a text without colours takes. */
export function widthOf(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the quick way for plain ASCII.
  if (/^[\x00-\x7f]*$/.test(text)) return text.length;
  let width = 0;
  for (const letter of text) width += WIDE.test(letter) ? 2 : NARROW.test(letter) ? 0 : 1;
  return width;
}

/** The text, or its beginning and an ellipsis, in at most so many columns. */
export function clip(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  if (columns < 1) return '';
  let clipped = '';
  let width = 0;
  for (const letter of text) {
    const next = width + widthOf(letter);
    if (next > columns - 1) break;
    clipped += letter;
    width = next;
  }
  return `${clipped.trimEnd()}…`;
}

export function pad(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const space = ' '.repeat(Math.max(0, columns - widthOf(text)));
  return align === 'left' ? text + space : space + text;
}
