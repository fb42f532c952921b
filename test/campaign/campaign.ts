import { setTimeout as sleep } from 'node:timers/promises';
import { Dice } from '../simulation/dice.ts';
import { type Catalogue, openCatalogue } from './catalogue.ts';
import { deckOf, type Fault, RESTORE_KILLED, type Target } from './faults.ts';
import { beginLife, keepTicking, type Life } from './lives.ts';
import { LAB, type People, people } from './people.ts';
import { openRepository } from './repository.ts';
import { BUCKET, KEY, openRig, type Rig } from './rig.ts';
import { Violation } from './violation.ts';

/** What became of one round. */
export interface Round {
  readonly number: number;
  readonly fault: string;
  /** False: there was nobody whom it could have struck. */
  readonly struck: boolean;
  readonly during: Act;
  /** What a person had asked for failed in words, and was asked for again. */
  readonly failedWhy: string | null;
  /** From the end of the fault until work that was written after it was acknowledged. */
  readonly durableMs: number | null;
}

export type Act = 'work' | 'snapshot' | 'hibernate' | 'wake';

export interface Report {
  readonly rounds: readonly Round[];
  readonly counts: Catalogue['counts'];
  readonly machines: number;
  readonly changes: number;
  readonly refusedByDisk: number;
  readonly check: string;
  readonly violation: Violation | null;
  /** The last words of the engine, when something was broken. */
  readonly words: readonly string[];
}

interface Options {
  readonly restic: string;
  readonly rounds: number;
  readonly seed: string;
  /** Of the faults only those in whose name this stands. */
  readonly only: string;
  readonly say: (line: string) => void;
  readonly onBegin: (number: number, fault: Fault, during: Act) => void;
  readonly onRound: (round: Round) => void;
}

/**
 * The product lives through so many faults, one in each round, while somebody works on it. After each of them work must
 * become durable again; whatever was acknowledged is restored and compared with what was written; at the end nothing is
 * left, and storage is read to its last byte.
 */
export async function campaign(options: Options, signal: AbortSignal): Promise<Report> {
  const { rounds, seed, say, onBegin } = options;
  const dice = new Dice(seed);
  say('opening');
  await using rig = await openRig(options.restic, seed);
  const who = people(rig.home, signal);
  const way = { ...rig, bucket: BUCKET, key: KEY };
  const catalogue = openCatalogue(who, openRepository(way));
  const done: Round[] = [];
  const totals = { machines: 0, changes: 0, refusedByDisk: 0 };
  let check = '';
  let violation: Violation | null = null;
  const stage = { life: null as Life | null };
  const all: Stage = { rig, who, catalogue, dice, stage, totals, signal };
  try {
    await who.create(rig.environment);
    await must(all, 'wake');
    await settle(all);
    let deck: Fault[] = [];
    for (let number = 1, decks = 0; number <= rounds; number++) {
      while (deck.length === 0) deck = deckOf(decks++, dice, rig).filter(({ name }) => name.includes(options.only));
      const fault = deck.shift()!;
      const during = actOf(fault, number, dice);
      const chosen = during === 'wake' && fault.name === 'kill -9 the agent' ? RESTORE_KILLED : fault;
      onBegin(number, chosen, during);
      const round = await live(all, number, chosen, during);
      done.push(round);
      options.onRound(round);
    }
    say('putting it to sleep, and looking at everything once more');
    stage.life?.writer.pause();
    await must(all, 'hibernate');
    await nothingIsLeft(all);
    await catalogue.look();
    await catalogue.settled();
    check = await catalogue.finalCheck();
  } catch (cause) {
    signal.throwIfAborted();
    violation = catalogue.failed() ?? rig.failed() ?? (cause instanceof Violation ? cause : null);
    if (!violation) throw cause;
  }
  endLife(all);
  const words = violation ? rig.said() : [];
  return { rounds: done, counts: catalogue.counts, ...totals, check, violation, words };
}

interface Stage {
  readonly rig: Rig;
  readonly who: People;
  readonly catalogue: Catalogue;
  readonly dice: Dice;
  /** The machine on which somebody works; another one after each sleep, and after one was lost. */
  readonly stage: { life: Life | null };
  readonly totals: { machines: number; changes: number; refusedByDisk: number };
  readonly signal: AbortSignal;
}

/** Sleeping and waking take longest, so that they are every twelfth round; what strikes a save needs a save. */
function actOf(fault: Fault, number: number, dice: Dice): Act {
  if (number % 12 === 0) return 'hibernate';
  if (number % 12 === 6) return 'wake';
  if (fault.name.includes('save')) return 'snapshot';
  return dice.maybe(0.4) ? 'snapshot' : 'work';
}

async function live(all: Stage, number: number, fault: Fault, during: Act): Promise<Round> {
  const { rig, who, catalogue, dice, stage } = all;
  await keepTicking(rig, who, stage.life!, all.signal);
  stage.life?.writer.goOn();
  await sleep(dice.between(200, 1_500));
  if (during === 'wake') await asleep(all);

  const askedAt = Date.now();
  if (during === 'hibernate') stage.life?.writer.pause();
  const asking = during === 'work' ? Promise.resolve(null) : who.ask(during);
  asking.catch(() => undefined); // heard below
  await sleep(dice.tail(0, AIM_MS[during]));
  const holder = during === 'wake' ? await racer(all) : stage.life;
  const at: Target = { rig, dice, root: () => holder?.root ?? null, instance: () => holder?.instance ?? null };
  if (fault.shifts) catalogue.beginShift();
  const struck = await fault.strike(at);
  await sleep(fault.holdMs ?? 0);
  await fault.end?.(at);
  if (fault.shifts) catalogue.endShift();

  const outcome = await asking;
  let failedWhy = outcome?.outcome?.ok === false ? outcome.outcome.say : null;
  if (during !== 'work' && outcome === null) failedWhy = 'refused';
  await catalogue.look();
  if (outcome?.outcome?.ok && during === 'snapshot')
    catalogue.mustHold(String(outcome.outcome.facts.snapshot), askedAt);
  if (during === 'hibernate') {
    const taken = fault.takes === true && struck;
    if (outcome?.outcome?.code === 'machine_lost' && !taken) throw new Violation('content', outcome.outcome.say);
    if (outcome?.outcome?.ok && !taken) await everythingIsIn(all);
    if (!outcome?.outcome?.ok) await asleep(all);
    await nothingIsLeft(all);
    await must(all, 'wake');
  }
  if (during === 'wake' && !outcome?.outcome?.ok) await must(all, 'wake');
  await settle(all);
  const durableMs = await durableAgain(all, fault);
  healthy(all);
  return { number, fault: fault.name, struck, during, failedWhy, durableMs };
}

/** Asked for until it is so. */
async function must(all: Stage, what: 'wake' | 'hibernate'): Promise<void> {
  let said = '';
  for (let tries = 0; tries < TRIES; tries++) {
    const outcome = await all.who.ask(what);
    if (outcome?.outcome?.ok) {
      if (what === 'hibernate' && all.stage.life) await everythingIsIn(all);
      return;
    }
    said = outcome?.outcome?.say ?? 'refused';
    healthy(all);
    await sleep(1_000);
  }
  throw new Violation('ends', `${what} failed ${TRIES} times: ${said}`);
}

async function asleep(all: Stage): Promise<void> {
  if ((await all.who.look()).status === 'asleep') return;
  await settle(all);
  all.stage.life?.writer.pause();
  await must(all, 'hibernate');
  await nothingIsLeft(all);
}

/** Somebody can work, and does: on the machine that it is now. */
async function settle(all: Stage): Promise<void> {
  const { rig, who, catalogue, dice, stage } = all;
  const view = await who.look();
  await catalogue.look();
  const same = view.machine?.id === stage.life?.machine && stage.life !== null;
  if (!same || view.status !== 'awake') {
    const now = await settledView(all);
    if (now === stage.life?.machine) return stage.life.writer.goOn();
    endLife(all);
    await catalogue.look();
    stage.life = await beginLife(rig, who, catalogue, dice);
    all.totals.machines += 1;
    await keepTicking(rig, who, stage.life, all.signal);
  }
  stage.life?.writer.goOn();
}

async function settledView({ who }: Stage): Promise<string> {
  const until = performance.now() + SETTLE_MS;
  for (;;) {
    const view = await who.look();
    if (view.status === 'awake' && view.machine?.complete) return view.machine.id;
    if (performance.now() > until)
      throw new Violation('ends', `it is not awake again: ${view.status}, ${view.why}; ${view.machine?.why}`);
    await sleep(LOOK_MS);
  }
}

function endLife({ stage, totals }: Stage): void {
  totals.changes += stage.life?.writer.made() ?? 0;
  totals.refusedByDisk += stage.life?.writer.refused() ?? 0;
  stage.life?.[Symbol.dispose]();
  stage.life = null;
}

/** Of those that race, the one that is furthest. */
async function racer({ rig, who }: Stage): Promise<{ root: string; instance: string } | null> {
  const { race, machine } = await who.look();
  const ids = [machine?.id, ...(race?.racers ?? []).map((one) => one.machine_id)];
  for (const id of ids) {
    const found = (await rig.market.machines()).find(({ label }) => id && label?.includes(`-${id}-`));
    if (found) return { instance: found.instance, root: rig.market.rootOf(found.instance) };
  }
  return null;
}

/** It was put to sleep: the newest snapshot holds all that was ever seen on it. */
async function everythingIsIn({ catalogue, stage }: Stage): Promise<void> {
  await catalogue.look();
  const newest = catalogue.newest();
  const { life } = stage;
  if (!newest || !life || newest.machine_id !== life.machine)
    throw new Violation('content', `${life?.machine} sleeps, and the newest snapshot is of ${newest?.machine_id}`);
  catalogue.mustHold(newest.id, Date.now());
  const { files, ticks } = await catalogue.contentOf(newest.id);
  const fault = life.history.fault(files, ticks, Date.now(), Date.now());
  if (fault) throw new Violation('content', `${newest.id.slice(0, 8)}, with which it was put to sleep: ${fault}`);
}

async function nothingIsLeft({ rig }: Stage): Promise<void> {
  const until = performance.now() + LEFT_MS;
  for (;;) {
    const left = await rig.market.machines();
    if (left.length === 0) return;
    if (performance.now() > until)
      throw new Violation(
        'machines',
        left.map(({ instance, label, status }) => `${instance} ${label} ${status}`).join(),
      );
    await sleep(LOOK_MS);
  }
}

/** A change that is made now is acknowledged before long. */
async function durableAgain(all: Stage, fault: Fault): Promise<number> {
  const { who, catalogue, stage } = all;
  const until = performance.now() + DURABLE_MS;
  while (!stage.life?.writer.once()) {
    // Its machine went, and whoever looked did so before the engine knew.
    if (performance.now() > until) throw new Violation('durable', `nothing can be written after "${fault.name}"`);
    await sleep(LOOK_MS);
    if ((await who.look()).machine?.id !== stage.life?.machine) await settle(all);
  }
  const [wroteAt, began] = [Date.now(), performance.now()];
  const before = new Set((await catalogue.look()).map(({ id }) => id));
  for (;;) {
    const rows = await catalogue.look();
    healthy(all);
    const ours = rows.filter((row) => row.machine_id === stage.life?.machine && row.proved_at && !before.has(row.id));
    const holds = ours.some((row) => Date.parse(row.created_at) > wroteAt);
    if (holds) return performance.now() - began;
    if (performance.now() - began > DURABLE_MS) {
      const { status, why, machine, pulse } = await who.look();
      const words = `${LAB} is ${status}, ${why}; ${machine?.state}, ${machine?.why}; ${JSON.stringify(pulse?.backup)}`;
      throw new Violation('durable', `what was written after "${fault.name}", ${DURABLE_MS / 1_000} s ago; ${words}`);
    }
    if ((await who.look()).machine?.id !== stage.life?.machine) await settle(all);
    await sleep(LOOK_MS);
  }
}

function healthy({ catalogue, rig, signal }: Stage): void {
  signal.throwIfAborted();
  const broken = catalogue.failed() ?? rig.failed();
  if (broken) throw broken;
}

/** So long after it was asked for a fault may strike. */
const AIM_MS: Readonly<Record<Act, number>> = { work: 1, snapshot: 2_000, hibernate: 1_500, wake: 6_000 };
const LOOK_MS = 250;
const TRIES = 5;
const SETTLE_MS = 240_000;
const LEFT_MS = 90_000;
const DURABLE_MS = 240_000;
