import { dollars, MICRO, perHour } from '../domain/money.ts';
import type { EventJson, TalkJson } from '../http/json/event.ts';
import { clockTime, localTime } from './local-time.ts';
import { bytes, bytesOf, count, duration, plural, short } from './words.ts';

type Facts<E extends TalkJson['event']> = Extract<TalkJson, { event: E }>['facts'];

/** Every event as a sentence about its workspace. */
const WORDS: { readonly [E in TalkJson['event']]: (facts: Facts<E>) => string } = {
  'race.began': (it) => `${plural(it.machines, 'machine')} race: ${it.why}`,
  'race.round': (it) => `round ${it.round} with ${plural(it.machines, 'more machine')}: ${it.why}`,
  'race.ended': (it) =>
    `${it.winner === null ? 'nobody won the race' : `${it.winner} won the race`}: ${it.why}; waste about ${dollars(it.waste_micro)}`,
  'race.counted': (it) => `what the race wasted is in the ledger: ${dollars(it.waste_micro)}`,
  'machine.moved': (it) =>
    `${it.machine} on ${it.offer.host} (${it.offer.gpu}, ${it.offer.region}, ${perHour(it.offer.dollars_per_hour)}): ` +
    `${it.from} → ${it.to} after ${duration(it.ms)}: ${it.why}`,
  'restore.progress': (it) =>
    `restoring: ${percent(it.bytes_done, it.bytes_total)}, ${bytesOf(it.bytes_done, it.bytes_total)}, ` +
    `${count(it.files_done)} of ${plural(it.files_total, 'file')}`,
  'workspace.usable': (it) => `usable after ${duration(it.ms)}; the rest arrives while you work`,
  'workspace.complete': (it) => `complete: ${plural(it.files, 'file')}, ${bytes(it.bytes)}`,
  'image.read': (it) =>
    `the wake image brought ${plural(it.files, 'file')}, ${bytes(it.bytes)}${it.why === null ? '' : `; restic the rest: ${it.why}`}`,
  'image.written': (it) =>
    it.bytes === 0 && it.why !== null
      ? `no wake image was written: ${it.why}`
      : `the wake image holds ${bytes(it.bytes)}, ${bytes(it.bytes_sent)} of them new${it.why === null ? '' : `: ${it.why}`}`,
  'save.progress': (it) =>
    `saving: ${percent(it.bytes_done, it.bytes_total)}, ${bytesOf(it.bytes_done, it.bytes_total)}`,
  'snapshot.proved': (it) =>
    `snapshot ${short(it.snapshot)} is proved: ${plural(it.files, 'file')}, ${bytes(it.bytes)}; ${it.why}`,
  'snapshot.set_aside': (it) =>
    `${it.by} goes back to ${short(it.from)}; ${short(it.snapshot)}, the newest until now, stays ` +
    `${it.until === null ? 'pinned' : `until ${localTime(it.until)}, unless somebody forgets it`}`,
  'save.failed': (it) =>
    `the save failed: ${it.why}; tried again in ${duration(it.again_in_ms)}, the machine stays at ${perHour(it.dollars_per_hour)}`,
  'work.at_risk': (it) =>
    `work at risk: ${it.why}${it.paths.length > 0 ? `: ${it.paths.slice(0, PATHS_SHOWN).join(', ')}` : ''}` +
    `${it.paths.length > PATHS_SHOWN ? ` and ${count(it.paths.length - PATHS_SHOWN)} more` : ''}`,
  'machine.lost': (it) =>
    `${it.machine} is lost: ${it.why}; ` +
    (it.last_proved_at === null
      ? 'nothing of it was saved'
      : `its last proved save is of ${localTime(it.last_proved_at)}`),
  'standby.began': (it) => `it goes on at its standby, without a GPU: ${it.why}`,
  'standby.looks': (it) => `a GPU is looked for again: ${it.why}`,
  'standby.yields': (it) => `${it.machine}, its standby, is saved and makes room for ${it.to}, which has a GPU`,
  'machine.adopted': (it) => `${it.machine} is ours and was not in the records: ${it.why}`,
  'release.slow': (it) =>
    `${it.machine} is still not gone after ${duration(it.for_ms)} and costs ${perHour(it.dollars_per_hour)}: ${it.why}`,
  'machine.idle_warning': (it) =>
    `it goes to sleep at ${clockTime(it.acts_at)}, in ${duration(it.in_ms)}: ${it.why}. It costs ` +
    `${perHour(it.dollars_per_hour)} until then${it.pay_back ? `; ${it.pay_back}` : ''}`,
  'machine.stays_awake': (it) => `it stays awake: ${it.why}`,
  'workspace.kept': (it) => `${it.by} keeps it awake until ${localTime(it.until)}${it.why ? `: ${it.why}` : ''}`,
  'workspace.received': (it) =>
    `${it.by} shared a snapshot with ${it.to}: ${plural(it.files, 'file')}, ${bytes(it.bytes)}, asleep in this workspace`,
  'backup.failing': (it) =>
    it.failures === 0
      ? 'backups work again'
      : `${plural(it.failures, 'backup')} in a row failed: ${it.why}; ` +
        (it.durable_at === null ? 'nothing of this machine is saved yet' : `saved up to ${localTime(it.durable_at)}`),
  'job.began': (it) =>
    `runs "${it.command}"${it.checkpoint === null ? '' : ` since snapshot ${short(it.checkpoint)}`}; what it prints goes to ${it.output}`,
  'job.ended': (it) => `"${it.command}" ended with ${it.code} after ${duration(it.ms)}`,
  'after_wake.trouble': (it) =>
    `the command after wake, "${it.command}", ${it.why}${it.tail.trim() ? `: ${lastLine(it.tail)}` : ''}`,
  'machine.ended_itself': (it) =>
    `${it.machine} heard nothing from us, saved its work as ${short(it.snapshot)} and ended itself at ` +
    `${localTime(it.at)}: ${it.why}`,
  'alert.raised': (it) => `look at this: ${it.why}. ${it.mend}`,
  'alert.resolved': (it) => `no longer, after ${duration(it.for_ms)}: ${it.why}`,
  'repository.mended': (it) =>
    `what storage had lost of its backups came back from the ${it.from === 'vault' ? 'vault' : 'second copy'}: ${plural(it.objects, 'object')}`,
  'report.due': (it) => `the ${it.every} report is posted`,
  'operation.ended': (it) => `${it.ok ? 'done' : 'failed'}: ${it.why}`,
};

const PATHS_SHOWN = 5;

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

export function eventWords(event: EventJson): string {
  if (!isEvent(event.event)) return `${(event as EventJson).event} ${JSON.stringify(event.facts)}`; // of a newer engine
  return (WORDS[event.event] as (facts: unknown) => string)(event.facts);
}

export const isEvent = (name: string): name is EventJson['event'] => Object.hasOwn(WORDS, name);

export function percent(done: number, total: number): string {
  return `${total === 0 ? 100 : Math.floor((100 * done) / total)} %`;
}

/** For amounts the API gives in dollars. */
export function money(amount: number): string {
  return dollars(Math.round(amount * MICRO));
}
