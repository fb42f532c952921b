/** What all charts are drawn with. Over Discord's dark ground; light text also reads on the frame's own background in a light theme. */
export const GROUND = '#2b2d31';
export const INK = '#f2f3f5';
export const DIM = '#b5bac1';
export const GRID = '#3f4147';

/** As wide as Discord shows it, so that letters are as large as they are meant. */
export const WIDTH = 560;

export function frame(height: number, title: string, ...parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">`,
    `<title>${safe(title)}</title>`,
    `<rect width="100%" height="100%" fill="${GROUND}"/>`,
    text(16, 26, short(title, TITLE_MAX), 15, INK, 'start', true),
    ...parts,
    '</svg>',
  ].join('');
}

export function rect(x: number, y: number, width: number, height: number, colour: string): string {
  const fixed = [x, y, Math.max(0, width), Math.max(0, height)].map((value) => value.toFixed(1));
  return `<rect x="${fixed[0]}" y="${fixed[1]}" width="${fixed[2]}" height="${fixed[3]}" fill="${colour}"/>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="${colour}"/>`;
}

export function text(
  x: number | string,
  y: number,
  value: string,
  size: number,
  colour: string,
  anchor = 'start',
  bold = false,
): string {
  return `<text x="${x}" y="${y}" font-family="DejaVu Sans" font-size="${size}" fill="${colour}" text-anchor="${anchor}"${bold ? ' font-weight="bold"' : ''}>${safe(value)}</text>`;
}

/** Colours and what they mean, in one line at the bottom. */
export function legend(y: number, entries: readonly (readonly [colour: string, say: string])[], step: number): string {
  return entries
    .map(([colour, say], i) => {
      const at = 16 + i * step;
      return `<rect x="${at}" y="${y}" width="12" height="12" rx="3" fill="${colour}"/>${text(at + 18, y + 10, say, 14, DIM)}`;
    })
    .join('');
}

const TITLE_MAX = 56;

export const short = (value: string, max: number): string =>
  value.length > max ? `${value.slice(0, max - 1)}…` : value;

const safe = (value: string): string =>
  value.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`).replace(/\p{Cc}/gu, '');
