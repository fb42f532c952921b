/** A table for a block of code, no wider than what stands in it: a telephone breaks longer lines. */
export function columns(rows: readonly (readonly string[])[], sides: readonly ('left' | 'right')[], gap = ' '): string {
  const widths = sides.map((_, at) => Math.max(0, ...rows.map((row) => row[at]?.length ?? 0)));
  const lines = rows.map((row) =>
    row.map((cell, at) => (sides[at] === 'right' ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0))),
  );
  return lines.map((cells) => cells.join(gap).trimEnd()).join('\n');
}
