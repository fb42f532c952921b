import { quantile } from '../../engine/policy/times.ts';
import type { Report, Round } from './campaign.ts';

/** Faults × rounds × what happened. */
export function tableOf({ rounds, counts, machines, changes, refusedByDisk, check }: Report): string {
  const names = [...new Set(rounds.map(({ fault }) => fault))].toSorted();
  const rows = names.map((name) =>
    rowOf(
      name,
      rounds.filter(({ fault }) => fault === name),
    ),
  );
  const cells = [COLUMNS, ...rows, rowOf('all', rounds)];
  const widths = COLUMNS.map((_, i) => Math.max(...cells.map((row) => row[i]!.length)));
  const lines = cells.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
  );
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return [
    ...lines,
    '',
    `${changes} changes of files on ${machines} machines; a full disk refused ${refusedByDisk}`,
    `${counts.acknowledged} snapshots acknowledged (${counts.manual} by hand, ${counts.partial} partial); ${counts.compared} restored and compared; ${counts.refused} refused by the engine`,
    `restic check --read-data: ${check || 'not reached'}`,
  ].join('\n');
}

const COLUMNS = [
  'fault',
  'rounds',
  'struck',
  'work',
  'snapshot',
  'hibernate',
  'wake',
  'asked again',
  'durable P50 s',
  'max s',
];

function rowOf(name: string, rounds: readonly Round[]): readonly string[] {
  const count = (of: (round: Round) => boolean): string => String(rounds.filter(of).length);
  const ms = rounds.flatMap(({ durableMs }) => (durableMs === null ? [] : [durableMs]));
  const seconds = (share: number): string => (ms.length > 0 ? (quantile(ms, share) / 1_000).toFixed(1) : '-');
  return [
    name,
    String(rounds.length),
    count(({ struck }) => struck),
    ...(['work', 'snapshot', 'hibernate', 'wake'] as const).map((act) => count(({ during }) => during === act)),
    count(({ failedWhy }) => failedWhy !== null),
    seconds(0.5),
    seconds(1),
  ];
}
