import type { Guild, Panel } from '../engine/domain/discord.ts';
import type { Engine } from '../engine/domain/doors.ts';
import type { Talk } from '../engine/domain/events.ts';
import { reasonOf } from '../engine/domain/failures.ts';
import type { Told } from '../engine/domain/journals.ts';
import type { Clock, Log, Store } from '../engine/domain/ports.ts';
import { keepHeard } from './heard.ts';
import type { Memory } from './memory.ts';
import { endOf, isOver, sayOf } from './over.ts';
import type { Alerted, Warned } from './panels/noted.ts';
import { isShutOut, panelOf } from './panels/openings.ts';
import type { Panels } from './panels/panels.ts';
import type { Stories } from './panels/stories.ts';
import { talkOf } from './panels/story.ts';
import { report, reportsLeft } from './report-due.ts';
import type { Settled } from './settled.ts';

export interface Announcing {
  readonly engine: Engine;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly memory: Memory;
  readonly panels: Panels;
  readonly stories: Stories;
  readonly settled: Settled;
}

const PAST_MAX = 5_000;
/** What happened while nobody listened is still told for so long. */
const FRESH_MS = 24 * 3_600_000;
const TICK_MS = 2_000;

/** Hears everything the engine tells and keeps every message true to it. Returns when it is told to stop. */
export async function announce(parts: Announcing, signal: AbortSignal): Promise<void> {
  const { engine, clock, log } = parts;
  const kept = await keepHeard(parts.store);
  const newest = (await engine.past(0, null, 1)).at(-1)?.number ?? 0;
  let last = kept.number > newest ? 0 : kept.number; // its events may have been thrown away, and counted anew
  const since = clock.now() - FRESH_MS;
  const past = await engine.past(last, null, PAST_MAX);
  const talks = past.map(talkOf);
  for (const [at, told] of past.entries()) {
    const talk = talkOf(told);
    const isOld = told.at < since || talks.some((next, later) => later > at && isOver(talk, next));
    const hearing = isOld ? close(talk, told.at, parts) : heard(told, parts);
    await hearing.catch((cause: unknown) => complain(cause, told));
    last = told.number;
  }
  await kept.reached(last);
  await reportsLeft(parts).catch((cause: unknown) => log('discord.reports_left', { why: reasonOf(cause) }, 'ERROR'));
  const ticking = tick(parts, async () => await kept.reached(last), signal);
  for await (const told of engine.events(last, null, signal)) {
    parts.stories.hear(told);
    parts.memory.stir();
    if (told.event === 'race.began' || told.event === 'race.round') void parts.stories.lookAgain(told.workspace ?? '');
    await heard(told, parts).catch((cause: unknown) => complain(cause, told));
    last = told.number;
    if (told.workspace !== null) parts.panels.touch(told.workspace);
  }
  await ticking;
  await kept.reached(last);

  function complain(cause: unknown, { event, number }: Told): void {
    if (!signal.aborted) log('discord.not_announced', { event, number, why: reasonOf(cause) }, 'ERROR');
  }
}

/** Seconds pass on a panel also while nothing happens. */
async function tick(
  { panels, clock, store, log }: Announcing,
  keep: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(TICK_MS, signal).catch(() => undefined);
    await keep().catch((cause: unknown) => log('discord.heard_not_kept', { why: reasonOf(cause) }, 'WARNING'));
    for (const panel of (await store.list('panels').catch(() => [])) as readonly Panel[])
      if (panel.closedAt === null && panel.kind !== 'alert' && !signal.aborted) await panels.touchOne(panel.id);
  }
}

async function heard(told: Told, parts: Announcing): Promise<void> {
  const talk = talkOf(told);
  await close(talk, told.at, parts);
  switch (talk.event) {
    case 'machine.idle_warning':
      return await warn(talk, told, parts);
    case 'report.due':
      return await report(talk, parts);
    case 'alert.raised':
    case 'save.failed':
    case 'work.at_risk':
    case 'machine.lost':
    case 'release.slow':
    case 'after_wake.trouble':
      return await alert(talk, told, parts);
    case 'race.counted':
      return await parts.panels.anew(panelOf(talk.operation));
    case 'race.ended':
      if (talk.winner === null) await alert(talk, told, parts);
      return;
    default:
  }
}

/** A server hears of everything, or of what was asked for there last. Where no channel was chosen, the one they asked in does. */
async function listeners({ event, workspace }: Told, { settled, store, log }: Announcing): Promise<readonly Guild[]> {
  const guilds = (await settled.all()).filter(({ channel }) => channel !== null);
  if (guilds.length > 0 && guilds.every(({ hears }) => hears === 'everything')) return guilds;
  const panels = (await store.list('panels')).filter(({ kind }) => kind === 'operation');
  const asked = panels.toSorted((a, b) => b.openedAt - a.openedAt);
  const last = asked.find((panel) => panel.workspace === workspace);
  if (guilds.length > 0) return guilds.filter(({ id, hears }) => hears === 'everything' || id === last?.guild);
  const place = last ?? asked[0];
  if (place) return [{ ...(await settled.of(place.guild)), channel: place.channel }];
  log('discord.nobody_heard', { event, workspace }, 'ERROR');
  return [];
}

async function warn(
  talk: Extract<Talk, { event: 'machine.idle_warning' }>,
  told: Told,
  parts: Announcing,
): Promise<void> {
  if (talk.actsAt < parts.clock.now()) return;
  const { machine, why, actsAt, dollarsPerHour, payBack = '' } = talk;
  const facts: Warned = { machine, why, actsAt, dollarsPerHour, payBack, ended: null };
  for (const guild of await listeners(told, parts)) await post('warning', guild, told, { ...facts }, parts);
}

async function alert(talk: Talk, told: Told, parts: Announcing): Promise<void> {
  const open = await openOf(talk.workspace, 'alert', parts);
  const facts: Alerted = { talk, at: told.at, resolved: null };
  const same = open.filter((panel) => keyOf((panel.facts as unknown as Alerted).talk) === keyOf(talk));
  for (const panel of same) await rewrite(panel, { ...facts, at: (panel.facts as unknown as Alerted).at }, parts);
  const known = new Set(same.map(({ guild }) => guild));
  for (const guild of await listeners(told, parts))
    if (!known.has(guild.id)) await post('alert', guild, told, { ...facts }, parts);
}

/** The same trouble told again is the same alert. */
function keyOf(talk: Talk): string {
  const alert = 'alert' in talk ? talk.alert : '';
  return `${talk.event} ${'machine' in talk ? talk.machine : ''} ${'kind' in talk ? talk.kind : ''} ${alert ?? ''}`;
}

async function post(
  kind: 'warning' | 'alert',
  guild: Guild,
  { number, workspace }: Told,
  facts: Readonly<Record<string, unknown>>,
  { panels }: Announcing,
): Promise<void> {
  const id = `${kind === 'warning' ? 'w' : 'a'}-${number.toString(36)}-${guild.id.slice(-10)}`;
  await panels.put({
    id,
    kind,
    guild: guild.id,
    channel: guild.channel ?? '',
    workspace,
    operation: null,
    user: null,
    facts,
  });
}

/** What this puts an end to says so. */
async function close(talk: Talk, at: number, parts: Announcing): Promise<void> {
  const ended = endOf(talk);
  if (ended !== null)
    for (const panel of await ofKind('warning', talk.workspace, parts))
      if ((isOpen(panel) || isTakenBack(panel, talk)) && panel.openedAt <= at && isOfItsMachine(panel, talk))
        await rewrite(panel, { ...panel.facts, ended }, parts);
  for (const panel of await openOf(talk.workspace, 'alert', parts))
    if (isOver((panel.facts as unknown as Alerted).talk, talk))
      await rewrite(panel, { ...panel.facts, resolved: { at, say: sayOf(talk) } }, parts);
}

const isOpen = (panel: Panel): boolean => panel.closedAt === null || isShutOut(panel);
const isOfItsMachine = ({ facts }: Panel, talk: Talk): boolean =>
  !('machine' in talk) || talk.machine === facts.machine;

/** It was going to sleep, could not be saved, and meanwhile somebody works again. */
function isTakenBack({ facts }: Panel, { event }: Talk): boolean {
  return event === 'machine.stays_awake' && (facts as unknown as Warned).ended?.how === 'sleeps';
}

const openOf = async (workspace: string | null, kind: Panel['kind'], parts: Announcing): Promise<readonly Panel[]> =>
  (await ofKind(kind, workspace, parts)).filter(isOpen);

async function ofKind(kind: Panel['kind'], workspace: string | null, { store }: Announcing): Promise<readonly Panel[]> {
  return (await store.list('panels')).filter((panel) => panel.kind === kind && panel.workspace === workspace);
}

async function rewrite(panel: Panel, facts: Readonly<Record<string, unknown>>, { panels }: Announcing): Promise<void> {
  await panels.change(panel.id, { facts, closedAt: isShutOut(panel) ? panel.closedAt : null });
  await panels.touchOne(panel.id);
}
