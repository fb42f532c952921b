import { expect, test } from 'vitest';
import { type Column, table } from '../../engine/cli/table.ts';
import { widthOf } from '../../engine/cli/text-width.ts';

interface Row {
  readonly name: string;
  readonly price: string;
  readonly region: string;
  readonly why: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'NAME', of: (it) => it.name, min: 6 },
  { title: 'PRICE', of: (it) => it.price, align: 'right' },
  { title: 'REGION', of: (it) => it.region, drop: 2 },
  { title: 'WHY', of: (it) => it.why, min: 8, drop: 1 },
];
const ROWS = [
  { name: 'a-rather-long-name', price: '$0.41/h', region: 'eu-west', why: 'somebody else rented that machine first' },
  { name: 'b', price: '$12.00/h', region: 'São Paulo', why: 'two\nlines' },
];
const plain = { paint: (_: string, text: string) => text };
const at = (width: number) => table(COLUMNS, ROWS, { width, ...plain });

test('columns are aligned and nothing is lost where there is room', () => {
  expect(at(Number.POSITIVE_INFINITY)).toEqual([
    'NAME                   PRICE  REGION     WHY',
    'a-rather-long-name   $0.41/h  eu-west    somebody else rented that machine first',
    'b                   $12.00/h  São Paulo  two lines',
  ]);
});

test('the widest column gives first, then columns go in their order', () => {
  expect(at(60)[1]).toBe('a-rather-long-name   $0.41/h  eu-west    somebody else rent…');
  expect(at(34)[0]).toBe('NAME            PRICE  WHY');
  expect(at(20)).toEqual(['NAME           PRICE', 'a-rather-…   $0.41/h', 'b           $12.00/h']);
});

test('no line is ever wider than the terminal, down to what cannot give', () => {
  for (let width = 10; width < 90; width += 1) {
    for (const line of at(width)) expect(widthOf(line), `${width}: ${line}`).toBeLessThanOrEqual(width);
  }
});

test('a column that may not jump keeps its width whatever is in it', () => {
  const columns = [
    { title: '', of: (it: Row) => it.name, least: 10 },
    { title: '', of: () => 'x' },
  ];
  expect(table(columns, [ROWS[1] as Row], { width: 40, titles: false, ...plain })).toEqual(['b           x']);
});
