import type { InstanceJson } from '../http/json/instance.ts';
import { clockTime, localTime } from './local-time.ts';
import { ago, duration, plural, timeOf } from './words.ts';

/** What an awake machine says of itself, as rows of a card. */
export function pulseRows(it: InstanceJson, now: number): (readonly [string, string])[] {
  const { machine, pulse } = it;
  if (!machine || (it.status !== 'awake' && it.status !== 'usable' && it.status !== 'stranded')) return [];
  return [
    ['backup', pulse ? backupWords(backupOf(pulse.backup, it), now) : 'not known: its agent was not heard lately'],
    ...(pulse && pulse.backup.bad_lines.length > 0 ? [['bad rule', badLinesWords(pulse.backup, it.id)] as const] : []),
    ...it.jobs.map((job) => ['runs', jobWords(job, it, now)] as const),
    ['sleep', sleepWords(it, now)],
    ...(machine.held ? [['held', `${machine.held.why}; "dumont status ${it.id} --at-risk" lists it`] as const] : []),
    ...(machine.after_wake === 'failed' || machine.after_wake === 'slow'
      ? [
          [
            'after wake',
            machine.after_wake === 'failed'
              ? `its command failed; see "dumont logs ${it.id}"`
              : 'its command has not ended yet',
          ] as const,
        ]
      : []),
  ];
}

/** When the newest work that is in storage was still all of it. */
export function savedAt({ newest_snapshot: newest, pulse }: InstanceJson): number | null {
  const times = [newest?.created_at, pulse?.backup.durable_at].filter((at) => at != null).map(timeOf);
  return times.length === 0 ? null : Math.max(...times);
}

type Backup = NonNullable<InstanceJson['pulse']>['backup'];

/** A snapshot that its machine has taken and not spoken of yet counts too. */
function backupOf(backup: Backup, { machine, newest_snapshot: newest }: InstanceJson): Backup {
  const own = newest !== null && newest.machine_id === machine?.id ? newest.created_at : null;
  const last = [backup.durable_at, own]
    .filter((at) => at !== null)
    .toSorted()
    .at(-1);
  return { ...backup, durable_at: last ?? null };
}

export function backupWords(backup: Backup, now: number): string {
  const { state, durable_at: durable, files_pending: pending, failures, failed_why: why } = backup;
  if (state === 'off') return `none: ${why ?? 'the files of this machine are not whole, or another one has its work'}`;
  const last = durable === null ? 'none of this machine yet' : ago(durable, now);
  const waiting =
    pending > 0 ? `, ${plural(pending, 'file')} changed since` : backup.changed_at ? ', changes since' : '';
  if (state === 'failing')
    return `${last}${waiting}; failed ${plural(failures, 'time')} in a row${why ? `: ${why}` : ''}`;
  const runs = state === 'running' ? '; one is being made' : '';
  return `${last}${waiting}${runs}; every ${duration(backup.every_ms)} when something changes${why ? `; ${why}` : ''}`;
}

function badLinesWords({ bad_lines: [first, ...more] }: Backup, workspace: string): string {
  const where = first?.file ? `line ${first.number} of /${first.file}` : `exclude ${first?.number} of the workspace`;
  const others = more.length > 0 ? ` and ${plural(more.length, 'more', 'more')}` : '';
  return `${where}${others} can never match; "dumont status ${workspace} --at-risk" says why`;
}

function jobWords(
  { command, then_hibernate, machine_id, by, operation_id }: InstanceJson['jobs'][number],
  it: InstanceJson,
  now: number,
): string {
  const running = it.pulse?.jobs.find((job) => job.id === operation_id);
  const since = running
    ? `for ${duration(now - timeOf(running.started_at))}`
    : machine_id
      ? ''
      : 'once its checkpoint is made';
  return [`"${command}"`, since, `(${by})`, then_hibernate ? 'then sleep' : ''].filter(Boolean).join(' ');
}

function sleepWords({ machine, keep, pulse, spec }: InstanceJson, now: number): string {
  if (machine?.warned) {
    const left = timeOf(machine.warned.acts_at) - now;
    return `at ${clockTime(machine.warned.acts_at)}${left > 0 ? `, in ${duration(left)}` : ''}: ${machine.warned.why}`;
  }
  if (keep && timeOf(keep.until) > now) {
    const until = localTime(keep.until);
    return `kept awake until ${until} by ${keep.by}${keep.why ? `: ${keep.why}` : ''}`;
  }
  if (spec.idle.hibernate === false) return 'never by itself';
  if (!pulse) return 'its agent is not heard, which counts as alive for a while';
  const { quiet_since: quiet, why } = pulse.idle;
  return quiet === null ? `not now: ${why}` : `quiet for ${duration(now - timeOf(quiet))}: ${why}`;
}
