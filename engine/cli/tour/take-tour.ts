import { setTimeout as wait } from 'node:timers/promises';
import type { InstanceJson } from '../../http/json/instance.ts';
import type { LocalBillJson, LocalMachinesJson } from '../../http/json/local.ts';
import type { OperationJson } from '../../http/json/operation.ts';
import { lastEvent } from '../follow.ts';
import { SEARCH_PATH } from '../home.ts';
import type { Screen } from '../screen.ts';
import { compareThere } from './compare-there.ts';
import { costsOf } from './costs.ts';
import { keepEngine } from './keep-engine.ts';
import { achieve, MINUTE, type OnTour, PATH, TOURED } from './on-tour.ts';
import { demandPrograms } from './programs.ts';
import type { Report } from './report.ts';
import { sleepThere } from './sleep-there.ts';
import { teller } from './tell.ts';
import { elsewhere, wakeThere, whereWords } from './wake-there.ts';
import { watch } from './watch.ts';
import { awaitBackup, workThere } from './work-there.ts';

const CHAPTERS = 6;
/** What most people ask for, so that what it costs says something. */
const GPU = 'RTX 4090';

/** A newcomer's whole cycle on the local marketplace. Everything in it is real but the GPUs. */
export async function takeTour(screen: Screen, stopped: AbortSignal): Promise<Report> {
  demandPrograms(SEARCH_PATH);
  const began = Date.now();
  // One document at the end, and nothing before it.
  const shown = screen.json ? { ...screen, json: false, quiet: true, live: false } : screen;
  const tell = teller(shown, CHAPTERS);

  tell.chapter(
    'An engine of its own',
    'It rents from a marketplace on this computer. Your own workspaces are not touched.',
  );
  await using kept = await keepEngine(tell.say, stopped);
  // Said once nothing is drawn any more, and before the engine is waited for.
  using _ = {
    [Symbol.dispose]: () => stopped.aborted && tell.say('Stopping: its machines end, and its home goes away.'),
  };
  const { client: engine, gone } = kept;
  const signal = AbortSignal.any([stopped, gone]);
  const tour: OnTour = { engine, tell, signal, following: { engine, screen: shown, signal } };
  await engine.post('/api/v1/instances', { id: TOURED, need: { gpu: GPU } }, signal);
  tell.done(`the engine runs and has a workspace, "${TOURED}"`);

  tell.chapter('Wake', 'Rented machines differ wildly, so several boot at once; the first that is really ready wins.');
  const first = await wakeThere(tour);
  tell.done(whereWords(first));

  tell.chapter('Work', 'Files go there over SSH. Every 10 s the agent on the machine backs up what changed.');
  await keep(AT_WORK, tour);
  const work = await workThere(tour);
  await awaitBackup(work, tour);

  tell.chapter('Leave', 'Nobody works: a warning first, then everything is frozen, saved, read back and compared.');
  const after = await lastEvent(engine, TOURED, signal);
  await keep(null, tour);
  const sleep = await sleepThere(first.machine_id, after, tour);

  tell.chapter('Come back', 'Another race, in another part of the world, for a machine that never saw these files.');
  const second = await wakeThere(tour, await elsewhere(first, tour));
  tell.done(whereWords(second));
  await keep(AT_WORK, tour);
  const whole = ({ status }: InstanceJson) => status === 'awake';
  await watch(TOURED, { what: 'the arrival of the last file', ms: 2 * MINUTE, until: whole }, tour.following);
  const compared = await compareThere(work, tour);

  tell.chapter('Leave nothing behind', 'Asleep once more. The marketplace must list no machine of ours.');
  const ask = () => engine.post<OperationJson>(`${PATH}/hibernate`, {}, signal);
  await achieve('the hibernation', ask, tour);
  const left = await awaitGone(tour);
  const { charges, dollars } = await engine.get<LocalBillJson>('/api/v1/local/bill', {}, signal);

  return {
    ok: true,
    seconds: (Date.now() - began) / 1_000,
    compared,
    unpushed_commit: work.commit,
    machines: { rented: charges.length, left },
    wakes: [first, second],
    sleep,
    dollars,
    costs: costsOf(second.dollars_per_hour, compared.bytes),
  };
}

/** On a slow computer it could fall asleep while we are still at work: we touch it less often than people do. */
async function keep(forSeconds: number | null, { engine, signal }: OnTour): Promise<void> {
  await engine.post(`${PATH}/keep`, { for_seconds: forSeconds, why: 'the tour is at work' }, signal);
}

const AT_WORK = 600;

/** Until the marketplace lists no machine any more; how many it lists after a while. */
async function awaitGone({ engine, tell, signal }: OnTour): Promise<number> {
  const until = Date.now() + MINUTE;
  for (;;) {
    const { machines } = await engine.get<LocalMachinesJson>('/api/v1/local/machines', {}, signal);
    if (machines.length === 0) tell.done('saved, proved, destroyed: the marketplace lists no machine of ours');
    if (machines.length === 0 || Date.now() > until) return machines.length;
    await wait(LOOK_MS, undefined, { signal });
  }
}

const LOOK_MS = 200;
