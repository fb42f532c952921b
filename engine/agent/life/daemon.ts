import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { AgentOrder } from '../../domain/agent-protocol.ts';
import { Failure, reasonOf } from '../../domain/failures.ts';
import { readClaim } from '../claim.ts';
import { failed } from '../failed.ts';
import { openJobs } from '../jobs/open-jobs.ts';
import type { Place } from '../place.ts';
import type { Self } from '../restore.ts';
import { openSigns } from '../signs/open-signs.ts';
import type { Talk } from '../talk.ts';
import { openDoor, type Wire } from './door.ts';
import { type Era, openEra } from './era.ts';
import { fetchProgram, type Installed } from './install-program.ts';
import { type AsideSaid, AsideSays, Knock } from './knocks.ts';
import { willLeaver } from './leave-will.ts';
import { openLifeline } from './lifeline.ts';
import { beginLiving, endLiving, living } from './living.ts';
import { openLog } from './log.ts';
import { outliveMistakes } from './outlive.ts';
import { socketPath } from './socket-path.ts';
import type { Progress } from './start-backup.ts';
import { handOver, inherit, sayThatWeLive } from './succession.ts';
import { attachedVoice } from './voice.ts';
import { earlierWords } from './words-file.ts';

/**
 * The agent that lives on the machine: it backs up, measures, and says so. It stays small: whatever walks or hashes is a
 * process of its own, with low priority; people's programs, which it starts too, inherit none of that. It lives on when the connection that started it ends, and until somebody ends it.
 */
export async function live(
  place: Place,
  self: Self,
  kept: Kept | null,
  talk: Talk<object>,
  signal: AbortSignal,
): Promise<void> {
  const lifeline = openLifeline(kept !== null);
  const will = await inherit(talk, AbortSignal.any([signal, AbortSignal.timeout(KNOCK_MS)]));
  const notes = openLog(place);
  const { log } = notes;
  const path = socketPath(place);
  const program = hashOf(self.program);
  const startedAt = Date.now();
  const ended = new AbortController();
  const alive = AbortSignal.any([signal, ended.signal]);
  const here: { era: Era | null; stop: AbortController } = { era: null, stop: new AbortController() };
  /** A newer program takes over: what is heard meanwhile is for that one. */
  let giving = false;
  let fetching = false;
  /** It did not come up, and is not tried again. */
  let unfit: string | null = null;
  /** What ended us is no order: whoever keeps us starts another one. */
  let died = false;
  const die = (cause: unknown): void => {
    died = true;
    ended.abort(cause);
  };
  using _mistakes = outliveMistakes(log, die);
  const leaveWill = willLeaver(lifeline);

  const attached = attachedVoice(() => here.era?.nudge());
  using signs = openSigns(place, () => here.era?.backups.pids() ?? []);
  using jobs = openJobs(place, () => here.era?.nudge());
  await using _door = await openDoor(path, (wire) => void receive(wire));
  if (!beginLiving(place, path)) return await lifeline.release(); // another one was quicker
  log('agent.began', { pid: process.pid, program, ...(kept === 'again' && { after: earlierWords(place) }) });
  if (will) {
    obey(will.order, will.heardAt);
    sayThatWeLive(talk);
  }
  const orphan = setTimeout(() => !here.era && ended.abort(new Error('no order came')), ORDER_MS);
  // Somebody took our folder away: whoever looks for us finds nobody, and would start another one.
  const homeless = setInterval(() => !existsSync(path) && ended.abort(new Error('its socket is gone')), HOME_MS);
  try {
    await new Promise<void>((resolve) => alive.addEventListener('abort', () => resolve(), { once: true }));
  } finally {
    clearTimeout(orphan);
    clearInterval(homeless);
    endLiving(place);
    log('agent.ended', { why: reasonOf(alive.reason) });
    if (!died) await lifeline.release();
  }

  async function receive(wire: Wire): Promise<void> {
    using _wire = wire;
    try {
      const line = await wire.next(AbortSignal.any([alive, AbortSignal.timeout(KNOCK_MS)]));
      if (line === null) return;
      const knock = Knock.parse(JSON.parse(line));
      if (giving) return; // whoever takes over hears it
      if (knock.say === 'stand-aside') return await standAside(knock.sequence, wire);
      obey(knock.order);
      wire.say({ event: 'living', pid: process.pid, program, startedAt, already: knock.already });
      // Somebody put another program in our place: what we start would not understand us.
      const onDisk = hashOf(self.program);
      if (onDisk !== program) succeed(onDisk, async () => () => NOTHING_TO_UNDO);
      if (knock.attached) await attached.attach(wire);
    } catch (cause) {
      wire.say(failed('run', cause));
    }
  }

  function obey(order: AgentOrder, heardAt: number | null = null): void {
    if (order.verb !== 'run') throw new Failure('bad_request', { why: `told to run, with an order to ${order.verb}` });
    const claim = readClaim(place);
    if (claim && claim.workspace !== order.workspace)
      throw new Failure('bad_request', { why: `this machine holds ${claim.workspace}, not ${order.workspace}` });
    if (here.era?.isOf(order)) {
      here.era.reorder(order);
      return;
    }
    here.stop.abort(new Error('another claim'));
    const stop = new AbortController();
    const era = openEra(order, heardAt, {
      ...{ place, self, program, startedAt, notes, attached, signs, jobs },
      onHeard: () => here.era && leaveWill(here.era.will()),
      onNewer: (newer) => succeed(newer.sha256, () => fetchProgram(self.program, newer, alive)),
    });
    Object.assign(here, { era, stop });
    era.live(AbortSignal.any([alive, stop.signal])).catch((cause: unknown) => {
      if (!stop.signal.aborted) die(cause);
    });
  }

  /** Once for each program: one that does not come up is not tried again, and that is said. */
  function succeed(sha256: string | null, fetched: () => Promise<() => Installed>): void {
    if (fetching || sha256 === unfit) return;
    fetching = true;
    fetched()
      .then(become)
      .catch((cause: unknown) => {
        unfit = sha256;
        here.era?.backups.complain(`it cannot be replaced: ${reasonOf(cause)}`);
        log('program.refused', { sha256, why: reasonOf(cause) }, 'WARNING');
      })
      .finally(() => {
        fetching = false;
      });
  }

  /** Between two backups, and all that we know goes with us. */
  async function become(install: () => Installed): Promise<void> {
    const { era } = here;
    if (!era || era.backups.stopped()) return;
    using _save = await era.backups.standAside(0, () => undefined, alive);
    giving = true;
    const installed = install();
    try {
      await handOver(place, self, era.will(), () => endLiving(place), alive);
      installed.keep();
    } catch (cause) {
      installed.undo();
      giving = false;
      // Whoever was quicker than us lives, with an order of its own.
      if (living(place)?.pid !== process.pid && !beginLiving(place, path)) ended.abort(new Error('another one lives'));
      throw cause;
    }
    ended.abort(new Error('a newer program took over'));
  }

  async function standAside(sequence: number, wire: Wire): Promise<void> {
    const gone = AbortSignal.any([alive, wire.deaf, wire.hungUp]);
    const say = (said: AsideSaid): void => wire.say(said);
    say({ say: 'busy' });
    const held = here.era?.backups;
    if (!held) return say({ say: 'aside', durableAgoMs: null, changed: true, parent: null, last: 0 });
    const progress = ({ event, ...progress }: Progress): void => say({ say: 'progress', progress });
    using save = await held.standAside(sequence, progress, gone);
    say({ say: 'aside', ...save.known });
    for (let line = await wire.next(gone); line !== null; line = await wire.next(gone)) {
      const said = AsideSays.parse(JSON.parse(line));
      if (said.say === 'took') save.took(said.snapshot);
      else held.stop();
    }
  }
}

/** The engine compares it with the one it would send. */
function hashOf(program: string): string | null {
  try {
    return createHash('sha256').update(readFileSync(program)).digest('hex');
  } catch {
    return null;
  }
}

/** Started by a shell that starts another one when we die: for the first time, or because one died. */
export type Kept = 'first' | 'again';

const NOTHING_TO_UNDO: Installed = { keep: () => undefined, undo: () => undefined };
/** Whoever started it gives it an order at once. */
const ORDER_MS = 30_000;
const KNOCK_MS = 10_000;
const HOME_MS = 30_000;
