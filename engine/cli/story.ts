import { RACING, type State } from '../domain/lifecycle.ts';
import type { EventJson } from '../http/json/event.ts';
import type { InstanceJson } from '../http/json/instance.ts';
import { eventWords } from './event-words.ts';
import { timeOf } from './words.ts';

/** What is going on with one workspace, as the live view shows it: the engine's own view, then every event on top. */
export interface Story {
  readonly workspace: string;
  readonly status: string;
  readonly since: number;
  readonly round: { readonly round: number; readonly rounds: number } | null;
  /** By machine, in the order in which they joined. */
  readonly racers: ReadonlyMap<string, Racer>;
  readonly winner: string | null;
  readonly restore: Progress | null;
  readonly save: Progress | null;
  readonly usableMs: number | null;
  /** Nothing stirs on it: when it is put to sleep unless something does. */
  readonly warned: { readonly actsAt: number; readonly why: string } | null;
  /** A program that was started by us and runs. */
  readonly job: { readonly command: string; readonly since: number } | null;
  /** What its machine said of its backups when it was last looked at. */
  readonly backup: NonNullable<InstanceJson['pulse']>['backup'] | null;
  /** Whether anything was seen on it then, in the words of whoever decides about its sleep. */
  readonly idle: string | null;
  /** What is settled, in the order it happened. */
  readonly done: readonly string[];
  /** What people should worry about, newest last. */
  readonly worries: readonly string[];
  readonly lostSince: number | null;
}

export interface Racer {
  readonly state: State;
  readonly since: number;
  readonly why: string;
  readonly host: string;
  readonly region: string;
  readonly gpu: string;
  readonly dollarsPerHour: number;
}

export interface Progress {
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** The last few measurements: how fast it goes. */
  readonly samples: readonly { readonly at: number; readonly bytes: number }[];
}

const SAMPLE_MS = 5_000;
const WORRIES_MAX = 3;

export const WORRYING: ReadonlySet<EventJson['event']> = new Set([
  'save.failed',
  'work.at_risk',
  'machine.lost',
  'machine.adopted',
  'release.slow',
  'backup.failing',
  'after_wake.trouble',
]);

export function beginStory(workspace: string, now: number): Story {
  return {
    workspace,
    status: '',
    since: now,
    round: null,
    racers: new Map(),
    winner: null,
    restore: null,
    save: null,
    usableMs: null,
    warned: null,
    job: null,
    backup: null,
    idle: null,
    done: [],
    worries: [],
    lostSince: null,
  };
}

/** The facts as a whole: at the beginning, when racers join, and after a lost connection. */
export function seen(story: Story, instance: InstanceJson): Story {
  const racers = new Map(story.racers);
  const { machine, race, operation } = instance;
  for (const each of [...(race?.racers ?? []), ...(machine ? [{ ...machine, machine_id: machine.id }] : [])]) {
    const { offer, state, why } = each;
    racers.set(each.machine_id, {
      state,
      since: timeOf(each.since),
      why,
      host: offer.host,
      region: offer.region,
      gpu: offer.gpu_count > 1 ? `${offer.gpu_count}× ${offer.gpu}` : offer.gpu,
      dollarsPerHour: offer.dollars_per_hour,
    });
  }
  return {
    ...story,
    status: instance.status,
    since: timeOf(operation?.started_at ?? race?.started_at ?? instance.since),
    round: race ? { round: race.round, rounds: race.rounds } : story.round,
    racers,
    winner: machine?.epoch == null ? story.winner : machine.id,
    warned: machine?.warned ? { actsAt: timeOf(machine.warned.acts_at), why: machine.warned.why } : null,
    job: jobIn(instance),
    backup: instance.pulse?.backup ?? null,
    idle: instance.pulse?.idle.sleep === false ? instance.pulse.idle.why : null,
    lostSince: null,
  };
}

export function lost(story: Story, now: number): Story {
  return { ...story, lostSince: story.lostSince ?? now };
}

/** One event on top of what is known. */
export function told(before: Story, event: EventJson): Story {
  const at = timeOf(event.at);
  const story = WORRYING.has(event.event)
    ? { ...before, worries: [...before.worries, eventWords(event)].slice(-WORRIES_MAX) }
    : before;
  switch (event.event) {
    case 'machine.moved': {
      const { machine, to, why, offer } = event.facts;
      const known = story.racers.get(machine);
      if (known && known.since > at) return story; // told before the view was taken
      const { dollars_per_hour: dollarsPerHour, ...where } = offer;
      const racer = {
        gpu: where.gpu,
        ...known,
        host: where.host,
        region: where.region,
        dollarsPerHour,
        state: to,
        // Why it was let go says more than how it was proved gone.
        why: to === 'gone' && known ? known.why : why,
        since: at,
      };
      const winner = to === 'restoring' || to === 'running' ? machine : story.winner;
      return {
        ...story,
        winner,
        status: statusAfter(story.status, to),
        warned: to === 'running' ? story.warned : null,
        racers: new Map(story.racers).set(machine, racer),
      };
    }
    case 'machine.idle_warning':
      return { ...story, warned: { actsAt: event.facts.acts_at, why: event.facts.why } };
    case 'machine.stays_awake':
    case 'workspace.kept':
      return { ...story, warned: null, done: [...story.done, eventWords(event)] };
    case 'job.began':
      return { ...story, job: { command: event.facts.command, since: at } };
    case 'job.ended':
      return { ...story, job: null, done: [...story.done, eventWords(event)] };
    case 'race.round':
      return { ...story, round: { rounds: event.facts.round, ...story.round, round: event.facts.round } };
    case 'restore.progress':
      return { ...story, restore: progress(story.restore, event.facts, at) };
    case 'save.progress':
      return { ...story, save: progress(story.save, event.facts, at) };
    case 'workspace.usable':
      return { ...story, status: 'usable', usableMs: event.facts.ms };
    case 'workspace.complete':
      return { ...story, status: 'awake', restore: null, done: [...story.done, eventWords(event)] };
    case 'snapshot.set_aside':
      return { ...story, done: [...story.done, eventWords(event)] };
    case 'snapshot.proved':
      return { ...story, save: null, done: [...story.done, eventWords(event)] };
    default:
      return story;
  }
}

/** As it stands when nobody looks any longer: whoever still raced has lost, and is being let go. */
export function settled(story: Story): Story {
  if (story.winner === null) return story;
  const racers = [...story.racers].map(([id, racer]): [string, Racer] => {
    const loses = id !== story.winner && RACING.has(racer.state) && racer.state !== 'standing-by';
    return [id, loses ? { ...racer, state: 'releasing', why: 'another machine won' } : racer];
  });
  return { ...story, racers: new Map(racers) };
}

function jobIn({ jobs, pulse }: InstanceJson): Story['job'] {
  const job = jobs.findLast(({ machine_id }) => machine_id !== null);
  if (!job) return null;
  const running = pulse?.jobs.find(({ id }) => id === job.operation_id);
  return { command: job.command, since: timeOf(running?.started_at ?? job.at) };
}

/** Bytes a second over the last moments; null while that says nothing yet. */
export function speedOf({ samples }: Progress): number | null {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.at - first.at < 500) return null;
  return (1_000 * (last.bytes - first.bytes)) / (last.at - first.at);
}

function progress(before: Progress | null, facts: { bytes_done: number; bytes_total: number }, at: number): Progress {
  const bytes = facts.bytes_done;
  const goesOn = before !== null && bytes >= before.bytesDone ? before.samples : [];
  const samples = [...goesOn.filter((sample) => sample.at > at - SAMPLE_MS), { at, bytes }];
  return { bytesDone: bytes, bytesTotal: facts.bytes_total, samples };
}

function statusAfter(status: string, state: State): string {
  if (state === 'saving') return 'going to sleep';
  if (state === 'running' && status === 'waking') return 'usable';
  if (state === 'paused' || state === 'stranded') return state;
  if ((state === 'releasing' || state === 'gone') && status === 'going to sleep') return 'asleep';
  return status;
}
