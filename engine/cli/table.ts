import type { Paint, Style } from './screen.ts';
import { clip, pad, widthOf } from './text-width.ts';

export interface Column<Row> {
  readonly title: string;
  readonly of: (row: Row) => string;
  readonly align?: 'right';
  readonly style?: (row: Row) => Style | null;
  /** Never narrower, so that a table that is drawn again does not jump. */
  readonly least?: number;
  /** May be cut down to this many columns when there is little room. */
  readonly min?: number;
  /** Left out when there is too little room; the highest number goes first. */
  readonly drop?: number;
}

const GAP = '  ';

/** Rows under their titles, in at most `width` columns. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width, paint, titles = true }: { readonly width: number; readonly paint: Paint; readonly titles?: boolean },
): string[] {
  const cells = columns.map((column) => rows.map((row) => column.of(row).replace(/\s+/g, ' ').trim()));
  const natural = columns.map((column, at) =>
    Math.max(column.least ?? 0, titles ? widthOf(column.title) : 0, ...(cells[at] ?? []).map(widthOf)),
  );
  const widths = widthsFor(columns, natural, width);
  const last = widths.findLastIndex((each) => each !== undefined);

  const line = (text: (column: Column<Row>, at: number) => string, style: (column: Column<Row>) => Style | null) =>
    columns
      .flatMap((column, at) => {
        const columnWidth = widths[at];
        if (columnWidth === undefined) return [];
        const fitted = clip(text(column, at), columnWidth);
        const shown = at === last && !column.align ? fitted : pad(fitted, columnWidth, column.align);
        const chosen = style(column);
        return chosen ? paint(chosen, shown) : shown;
      })
      .join(GAP)
      .trimEnd();

  const head = titles
    ? [
        line(
          (column) => column.title,
          () => 'dim',
        ),
      ]
    : [];
  return [
    ...head,
    ...rows.map((row, index) =>
      line(
        (_, at) => cells[at]?.[index] ?? '',
        (column) => column.style?.(row) ?? null,
      ),
    ),
  ];
}

/** Each column's width, undefined for one that was left out: the widest give first, and columns go when that is not enough. */
function widthsFor<Row>(
  columns: readonly Column<Row>[],
  natural: readonly number[],
  width: number,
): readonly (number | undefined)[] {
  const widths: (number | undefined)[] = [...natural];
  const least = (at: number) => columns[at]?.min ?? Number.POSITIVE_INFINITY;
  const shown = () => [...columns.keys()].filter((at) => widths[at] !== undefined);
  while (total(widths) > width) {
    const smallest = total(widths.map((each, at) => each && Math.min(each, least(at))));
    const goes = shown()
      .filter((at) => columns[at]?.drop !== undefined)
      .toSorted((a, b) => (columns[b]?.drop ?? 0) - (columns[a]?.drop ?? 0))[0];
    if (smallest > width && goes !== undefined) {
      widths[goes] = undefined;
      continue;
    }
    // Where even that is not enough the lines must still fit: then every column gives, down to one letter.
    const floor = (at: number) => (smallest > width ? 1 : least(at));
    const widest = shown()
      .filter((at) => (widths[at] ?? 0) > floor(at))
      .toSorted((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
    if (widest === undefined) return widths;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
}

function total(widths: readonly (number | undefined)[]): number {
  const shown = widths.filter((each) => each !== undefined);
  return shown.reduce((sum, each) => sum + each, 0) + GAP.length * Math.max(0, shown.length - 1);
}
