import { dollars, microDollars, perHour } from '../domain/money.ts';
import type { InstanceJson } from '../http/json/instance.ts';
import type { OfferJson } from '../http/json/offer.ts';
import { statusStyle } from './draw.ts';
import { localTime } from './local-time.ts';
import { pulseRows, savedAt } from './pulse-lines.ts';
import { scheduleWords } from './schedule-words.ts';
import type { Screen } from './screen.ts';
import { table } from './table.ts';
import { ago, bytes, duration, plural, short, timeOf } from './words.ts';

/** Every workspace, one line each. */
export function statusTable(instances: readonly InstanceJson[], { width, paint }: Screen): string[] {
  const now = Date.now();
  return table(
    [
      { title: 'NAME', of: (it) => it.id, style: () => 'bold' },
      { title: 'STATUS', of: (it) => it.status, style: (it) => statusStyle(it.status) },
      { title: 'FOR', of: (it) => duration(now - timeOf(it.since)), align: 'right', drop: 4 },
      { title: 'GPU', of: gpuOf, min: 8, drop: 3 },
      {
        title: 'WHERE',
        of: (it) => (it.machine ? `${it.machine.offer.host}, ${it.machine.offer.region}` : '-'),
        min: 10,
        drop: 5,
      },
      { title: 'COST', of: (it) => (it.dollars_per_hour > 0 ? perHour(it.dollars_per_hour) : '-'), align: 'right' },
      { title: 'SAVED', of: (it) => savedWords(it, now), drop: 2 },
      { title: 'WHY', of: (it) => it.why, min: 12, drop: 1, style: () => 'dim' },
    ],
    instances,
    { width, paint },
  );
}

/** One workspace, everything that a person may want to know of it. */
export function statusCard(it: InstanceJson, { paint }: Screen): string[] {
  const now = Date.now();
  const { machine, newest_snapshot: newest, race, operation } = it;
  const rows: (readonly [string, string] | null)[] = [
    ['why', it.why],
    race && ['race', `round ${race.round} of ${race.rounds}, ${plural(race.racers.length, 'machine')}`],
    machine && ['machine', `${machine.id}, ${machine.state} for ${duration(now - timeOf(machine.since))}`],
    machine && ['where', `${machine.offer.host}, ${machine.offer.region} (${machine.marketplace})`],
    machine && ['gpu', it.on_standby ? 'none: this is its standby' : gpuWords(machine.offer)],
    ['cost', it.dollars_per_hour > 0 ? perHour(it.dollars_per_hour) : 'nothing'],
    machine && !machine.complete && it.status === 'usable' ? ['files', 'the last ones are still arriving'] : null,
    machine && machine.save_failures > 0
      ? ['saving', `failed ${plural(machine.save_failures, 'time')} in a row`]
      : null,
    [
      'saved',
      newest
        ? `${short(newest.id)}, ${localTime(newest.created_at)} (${ago(newest.created_at, now)}): ${plural(newest.file_count, 'file')}, ${bytes(newest.size_bytes)}`
        : 'never',
    ],
    it.storage && ['storage', storageWords(it.storage)],
    operation && operation.ended_at === null
      ? ['under way', `${operation.verb} by ${operation.by}, for ${duration(now - timeOf(operation.started_at))}`]
      : null,
    ...it.schedules.map((one, at) => [at === 0 ? 'schedule' : '', scheduleWords(one)] as const),
    ...pulseRows(it, now),
    machine?.address && (it.status === 'usable' || it.status === 'awake') ? ['connect', `dumont ssh ${it.id}`] : null,
  ];
  return [
    `${paint('bold', it.id)} is ${paint(statusStyle(it.status), it.status)} for ${duration(now - timeOf(it.since))}`,
    ...rows.filter((row) => row !== null).map(([label, words]) => `  ${paint('dim', label.padEnd(10))} ${words}`),
  ];
}

const gpuWords = ({ gpu_count: count, gpu, vram_gb: vramGb }: OfferJson): string => `${count}× ${gpu}, ${vramGb} GB`;

function gpuOf({ machine, spec, on_standby: onStandby }: InstanceJson): string {
  if (onStandby) return 'standby';
  if (!machine) return spec.need.gpu ?? '-';
  return machine.offer.gpu_count > 1 ? `${machine.offer.gpu_count}× ${machine.offer.gpu}` : machine.offer.gpu;
}

function storageWords(it: NonNullable<InstanceJson['storage']>): string {
  const vault = it.vault_size_bytes > 0 ? ` and ${bytes(it.vault_size_bytes)} in the vault` : '';
  return `${bytes(it.size_bytes)}${vault}: ${dollars(microDollars(it.dollars_per_month))} a month`;
}

function savedWords(it: InstanceJson, now: number): string {
  const at = savedAt(it);
  return at === null ? 'never' : ago(at, now);
}
