import type { WorkspaceView } from '../../engine/domain/doors.ts';
import type { OfferWords, Talk } from '../../engine/domain/events.ts';
import type { Told } from '../../engine/domain/journals.ts';
import { RACING, type State } from '../../engine/domain/lifecycle.ts';

/** What happened in one workspace since somebody asked for something, as its panel shows it. */
export interface Story {
  readonly since: number;
  /** By machine, in the order in which they joined. */
  readonly racers: ReadonlyMap<string, Racer>;
  readonly round: { readonly round: number; readonly rounds: number } | null;
  readonly winner: string | null;
  readonly restore: Progress | null;
  readonly save: Progress | null;
  readonly usableMs: number | null;
  readonly complete: { readonly at: number; readonly files: number; readonly bytes: number } | null;
  /** `counted`: as the ledger has it. */
  readonly waste: { readonly race: string; readonly micro: number; readonly counted: boolean } | null;
  readonly proved: { readonly snapshot: string; readonly files: number; readonly bytes: number } | null;
  readonly job: Extract<Talk, { event: 'job.ended' }> | null;
  readonly running: string | null;
  readonly worry: Talk | null;
}

export interface Racer extends OfferWords {
  readonly machine: string;
  readonly state: State;
  readonly since: number;
  readonly why: string;
  /** Each state it was in, and since when. */
  readonly trail: readonly { readonly state: State; readonly at: number }[];
}

export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly since: number;
}

export function beginStory(since: number): Story {
  return {
    since,
    racers: new Map(),
    round: null,
    winner: null,
    restore: null,
    save: null,
    usableMs: null,
    complete: null,
    waste: null,
    proved: null,
    job: null,
    running: null,
    worry: null,
  };
}

/** The facts as a whole: when racers join, and after a restart. */
export function seen(story: Story, { race, machine }: WorkspaceView): Story {
  const racers = new Map(story.racers);
  for (const one of race?.racers ?? []) {
    const known = racers.get(one.machine);
    if (known && known.since >= one.since) continue;
    const { gpu, host, region, dollarsPerHour } = one.offer;
    racers.set(
      one.machine,
      moved(known, one.machine, one.state, one.since, one.why, { gpu, host, region, dollarsPerHour }),
    );
  }
  const winner = machine?.epoch == null ? story.winner : machine.id;
  return {
    ...story,
    racers,
    winner: racers.has(winner ?? '') ? winner : story.winner,
    round: race ? { round: race.round, rounds: race.rounds } : story.round,
  };
}

export function told(story: Story, one: Told): Story {
  const talk = talkOf(one);
  switch (talk.event) {
    case 'race.round':
      return { ...story, round: { rounds: talk.round, ...story.round, round: talk.round } };
    case 'race.ended':
      return {
        ...story,
        waste: { race: talk.race, micro: talk.wasteMicro, counted: false },
        winner: talk.winner ?? story.winner,
      };
    case 'race.counted':
      if (story.waste?.race !== talk.race) return story; // of a wake before this one
      return { ...story, waste: { ...story.waste, micro: talk.wasteMicro, counted: true } };
    case 'machine.moved': {
      const known = story.racers.get(talk.machine);
      if (known && known.since > one.at) return story; // told before the view was taken
      // Why it was let go says more than how it was proved gone.
      const why = talk.to === 'gone' && known ? known.why : talk.why;
      const racer = moved(known, talk.machine, talk.to, one.at, why, talk.offer);
      const wins = talk.to === 'restoring' || talk.to === 'running';
      return {
        ...story,
        racers: new Map(story.racers).set(talk.machine, racer),
        winner: wins ? talk.machine : story.winner,
        save: talk.to === 'saving' ? null : story.save,
      };
    }
    case 'restore.progress':
      return { ...story, restore: progress(story.restore, talk.bytesDone, talk.bytesTotal, one.at) };
    case 'save.progress':
      return { ...story, save: progress(story.save, talk.bytesDone, talk.bytesTotal, one.at) };
    case 'workspace.usable':
      return { ...story, usableMs: talk.ms };
    case 'workspace.complete':
      return { ...story, complete: { at: one.at, files: talk.files, bytes: talk.bytes } };
    case 'snapshot.proved':
      return { ...story, proved: { snapshot: talk.snapshot, files: talk.files, bytes: talk.bytes } };
    case 'job.began':
      return { ...story, running: talk.command };
    case 'job.ended':
      return { ...story, running: null, job: talk };
    case 'save.failed':
    case 'work.at_risk':
    case 'machine.lost':
    case 'release.slow':
      return { ...story, worry: talk };
    default:
      return story;
  }
}

/** As it stands when what was asked for is over: whoever still raced has lost, and is being let go. */
export function settled(story: Story, at: number): Story {
  const racers = [...story.racers].map(([id, racer]): [string, Racer] => {
    const loses = id !== story.winner && RACING.has(racer.state);
    const trail = [...racer.trail, { state: 'releasing' as const, at }];
    return [id, loses ? { ...racer, state: 'releasing', since: at, trail } : racer];
  });
  return { ...story, racers: new Map(racers) };
}

/** What was told, as it was said. */
export function talkOf({ event, workspace, facts }: Told): Talk {
  return { ...facts, event, workspace } as Talk;
}

function moved(
  known: Racer | undefined,
  machine: string,
  state: State,
  at: number,
  why: string,
  offer: OfferWords,
): Racer {
  return { ...offer, machine, state, since: at, why, trail: [...(known?.trail ?? []), { state, at }] };
}

function progress(before: Progress | null, done: number, total: number, at: number): Progress {
  return { done, total, since: before?.since ?? at };
}
