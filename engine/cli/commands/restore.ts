import { Failure, isFailure } from '../../domain/failures.ts';
import type { InstanceJson } from '../../http/json/instance.ts';
import type { OperationJson } from '../../http/json/operation.ts';
import type { PlansJson } from '../../http/json/plan.ts';
import type { RestorePlanJson } from '../../http/json/restore-plan.ts';
import { askAndConclude } from '../ask-and-conclude.ts';
import { type Chosen, chooseSnapshot, snapshotWords } from '../choose-snapshot.ts';
import { command, flag, type Given, number, text, WORKSPACE } from '../command.ts';
import { askAgreed, confirm } from '../confirm.ts';
import { NEED, needOf } from '../need-options.ts';
import { planLines } from '../plan-lines.ts';
import { quoteLines } from '../quote-lines.ts';
import { wrong } from '../read-args.ts';
import { downloadTo, lookAt, otherwiseWords } from '../restore-files.ts';
import { restorePriceWords } from '../restore-price.ts';
import { wakeAndFollow } from '../wake-and-follow.ts';
import { bytes, plural, short } from '../words.ts';

export const RESTORE = {
  snapshot: text('ID', 'This one, by its id or the beginning of it'),
  latest: flag('The newest good one'),
  date: text('"YYYY-MM-DD HH:MM"', 'As it was then, in the local time zone'),
  path: text('PATH', 'Only this file or directory of it, onto the running machine'),
  here: flag('All of it onto the running machine; without this it wakes a new one'),
  into: text('DIR', 'Into this directory of the running machine, beside what is there'),
  to: text('FOLDER', 'Into this folder of your computer; no machine is needed, and what else is there stays'),
  ...NEED,
  cap: number('DOLLARS', 'Stop renting when this wake alone would cost more'),
  'dry-run': flag('Only say what it would do'),
  detach: flag('Do not follow it'),
};

export const restore = command({
  name: 'restore',
  takes: [WORKSPACE],
  options: RESTORE,
  examples: [
    ['dumont restore lab --latest', 'while it sleeps: the same as waking it'],
    ['dumont restore lab --date "2024-01-15 14:30"', 'the newest snapshot that existed then'],
    ['dumont restore lab --path /workspace/model.py', 'back onto the running machine, after a checkpoint'],
    ['dumont restore lab --path /workspace/runs --to .', 'onto this computer, while it sleeps'],
  ],
  run: async (given) => await restoreWorkspace(given.words[0] ?? '', given, { name: 'restore' }),
});

/** Four ways: a new machine, the running one, a directory of it, or this computer. */
export async function restoreWorkspace(
  name: string,
  call: Given<typeof RESTORE>,
  asked: { readonly name: string },
): Promise<number> {
  const given = { ...call, options: meant(call.options, asked) };
  const { options, engine, screen, signal } = given;
  const { snapshot, date, path, here, into, to } = options;
  if (to !== undefined && (here || into !== undefined)) throw wrong(asked, 'takes --to alone, or --here or --into');
  const onMachine = to === undefined && (here || path !== undefined || into !== undefined);
  // Whoever names a file means the newest one unless they say otherwise.
  const named = snapshot !== undefined || date !== undefined || options.latest;
  const chosen = await chooseSnapshot(
    name,
    { snapshot, date, latest: options.latest || (!named && (onMachine || to !== undefined)) },
    asked,
    engine,
    signal,
  );
  const what = path === undefined ? 'everything' : absolute(path);
  if (options['dry-run']) return await showPlan(name, chosen, given, wordsWhere(name, given));
  if (to !== undefined) {
    const want = { snapshot: chosen.id, workspace: name, path: below(path ?? ''), to, overwrite: screen.yes };
    const { target: at, same, others, files } = await downloadTo(want, engine, signal);
    if (screen.json) screen.printJson({ snapshot_id: chosen.id, path: absolute(path ?? ''), at, files, same, others });
    else {
      screen.print(`${path === undefined ? 'Everything' : absolute(path)} of ${snapshotWords(chosen)} is in ${at}.`);
      for (const line of thereLines(same, others)) screen.print(line);
    }
    return 0;
  }
  screen.note(`Restoring ${what} of ${name} from ${snapshotWords(chosen)}.`);
  return onMachine ? await ontoMachine(name, chosen, given) : await ontoNew(name, chosen, given);
}

/** A path that is the root means all there is. */
function meant(options: Given<typeof RESTORE>['options'], asked: { readonly name: string }) {
  const { path, into, here, to } = options;
  for (const [name, one] of Object.entries({ path, into }))
    if (one?.split('/').includes('..')) throw wrong(asked, `--${name}: expected a path without "..", not "${one}"`);
  if (into !== undefined && below(into) === '')
    throw wrong(asked, `--into: expected a directory like /workspace/then, not "${into}"`);
  if (path === undefined || below(path) !== '') return options;
  return { ...options, path: undefined, here: here || (into === undefined && to === undefined) };
}

async function ontoNew(name: string, chosen: Chosen, given: Given<typeof RESTORE>): Promise<number> {
  const { options, engine, screen, signal } = given;
  const path = `/api/v1/snapshots/${chosen.id}/restore`;
  const wake = (set_aside: boolean) =>
    orHere(engine.post<OperationJson>(path, { ...wanted(name, given), set_aside }, signal));
  return await wakeAndFollow(name, () => askAgreed(wake, name, screen, signal), {
    engine,
    screen,
    signal,
    detach: options.detach,
  });
}

/** Whoever restores while it is awake may well mean the machine that runs. */
async function orHere<T>(asked: Promise<T>): Promise<T> {
  return await asked.catch((cause: unknown) => {
    if (isFailure(cause, 'workspace_awake')) throw new Failure('workspace_awake', { ...cause.facts, here: true });
    throw cause;
  });
}

async function ontoMachine(name: string, chosen: Chosen, given: Given<typeof RESTORE>): Promise<number> {
  const { options, engine, screen, signal } = given;
  const { path, into } = options;
  const { machine } = await engine.get<InstanceJson>(`/api/v1/instances/${encodeURIComponent(name)}`, {}, signal);
  if (!machine && path !== undefined)
    screen.note(`${name} sleeps. With --to FOLDER it comes onto this computer; no machine is needed for that.`);
  if (machine && into === undefined) {
    if (path !== undefined) {
      const query = { instance_id: name, path: below(path), limit: 1 };
      await engine.get(`/api/v1/snapshots/${chosen.id}/files`, query, signal); // nobody is asked about what is not there
    }
    const what =
      path === undefined ? `The files of ${short(chosen.id)} take` : `${absolute(path)} of ${short(chosen.id)} takes`;
    await confirm(
      `${what} the place of what is on the machine now. A checkpoint is taken first; files made since stay.`,
      name,
      screen,
      signal,
    );
  }
  const ask = () => engine.post<OperationJson>(`/api/v1/snapshots/${chosen.id}/restore`, wanted(name, given), signal);
  return await askAndConclude(name, 'restore', ask, { engine, screen, signal, detach: options.detach });
}

/** What it would do; refused for what it would be refused for. */
async function showPlan(name: string, chosen: Chosen, given: Given<typeof RESTORE>, where: string): Promise<number> {
  const { options, engine, screen, signal } = given;
  const what = options.path === undefined ? 'everything' : absolute(options.path);
  const title = `This would bring ${what} of ${snapshotWords(chosen)}, ${where}.`;
  if (options.to !== undefined) {
    const want = { snapshot: chosen.id, workspace: name, path: below(options.path ?? ''), to: options.to };
    const look = await lookAt(want, engine, signal);
    const query = { instance_id: name, restore_bytes: look.bytes };
    const { restore: price } = await engine.get<PlansJson>('/api/v1/plans', query, signal);
    const { target, files, bytes: size, same, others, otherwise } = look;
    if (screen.json)
      screen.printJson({ snapshot_id: chosen.id, files, bytes: size, to: target, same, others, otherwise, price });
    else {
      screen.print(title, `  ${plural(files, 'file')}, ${bytes(size)}, into ${target}`);
      if (otherwise.length > 0) screen.print(`  replaces, with --yes: ${otherwiseWords(look)}`);
      for (const line of thereLines(same, others)) screen.print(`  ${line}`);
      screen.print(`  ${restorePriceWords(price)}`, '', NOTHING_DONE);
    }
    return 0;
  }
  const body = { ...wanted(name, given), dry_run: true };
  const plan = await orHere(engine.post<RestorePlanJson>(`/api/v1/snapshots/${chosen.id}/restore`, body, signal));
  if (screen.json) screen.printJson(plan);
  else {
    screen.print(title, ...planLines(plan, options.into !== undefined));
    if (plan.quote) screen.print('', ...quoteLines(name, plan.quote, screen));
    else screen.print('', NOTHING_DONE);
  }
  return 0;
}

const NOTHING_DONE = 'Nothing was changed.';

/** What is asked of the engine. */
function wanted(name: string, { options }: Given<typeof RESTORE>) {
  const { path, into, here } = options;
  if (!here && path === undefined && into === undefined)
    return { instance_id: name, need: needOf(options), cap_dollars: options.cap };
  return {
    instance_id: name,
    onto: 'running',
    ...(path !== undefined && { path: below(path) }),
    ...(into !== undefined && { into: below(into) }),
    overwrite: into === undefined,
  };
}

/** Of a folder of this computer. */
function thereLines(same: number, others: number): string[] {
  return [
    ...(same > 0
      ? [`${plural(same, 'file')} ${same === 1 ? 'was' : 'were'} there already as saved, and not fetched.`]
      : []),
    ...(others > 0
      ? [`What it does not have stays: ${plural(others, 'file or directory', 'files and directories')}.`]
      : []),
  ];
}

function wordsWhere(name: string, { options: { path, here, into, to } }: Given<typeof RESTORE>): string {
  if (to !== undefined) return `into ${to} on this computer`;
  if (into !== undefined) return `into ${absolute(into)} of the running machine`;
  if (here || path !== undefined) return `in the place of what is on the machine of ${name} now`;
  return 'onto a new machine';
}

const below = (path: string): string => path.replace(/^\/+|\/+$/g, '');
const absolute = (path: string): string => `/${below(path)}`;
