import { Failure } from '../../domain/failures.ts';
import type { EventJson, EventsJson } from '../../http/json/event.ts';
import type { OperationJson } from '../../http/json/operation.ts';
import { begun } from '../ask-and-conclude.ts';
import { command, flag, type Given, WORKSPACE } from '../command.ts';
import { INTERRUPTED } from '../exit-codes.ts';
import { conclude, lastEvent } from '../follow.ts';
import { followRun } from '../follow-run.ts';
import { wrong } from '../read-args.ts';
import type { Screen } from '../screen.ts';

const OPTIONS = {
  stay: flag('Leave it awake afterwards; else it is put to sleep when the program has ended, however it ended'),
  detach: flag('Do not follow it'),
  attach: flag('Show the program that was started last, again and from its beginning'),
};

export const run = command({
  name: 'run',
  takes: [WORKSPACE],
  rest: 'COMMAND',
  options: OPTIONS,
  examples: [
    ['dumont run lab -- python train.py', 'a checkpoint, the program, then sleep; its exit code is the exit code'],
    ['dumont run lab --stay -- make test', 'awake afterwards'],
    ['dumont run lab -- bash -c "a && b | c"', 'it is run without a shell unless you bring one'],
    ['dumont run lab --attach', 'after Ctrl-C, or from another computer'],
  ],
  async run(given) {
    const { words, rest, options, engine, screen, signal } = given;
    const [name = ''] = words;
    if (options.attach && rest.length > 0) throw wrong(run, 'takes no command with --attach');
    if (!options.attach && rest.length === 0) {
      throw wrong(run, 'needs a command after "--", as in "dumont run lab -- python train.py"');
    }
    if (options.attach) return await attach(name, given);
    const after = await lastEvent(engine, name, signal);
    const path = `/api/v1/instances/${encodeURIComponent(name)}/run`;
    const body = { argv: rest, then_hibernate: !options.stay };
    const operation = await engine.post<OperationJson>(path, body, signal);
    if (options.detach) return begun(operation, screen, `dumont run ${name} --attach`);
    const ended = await followRun(name, operation, after, { engine, screen, signal });
    return ended ? concludeRun(ended, !options.stay, screen) : leftRunning(name, screen);
  },
});

async function attach(name: string, { engine, screen, signal }: Given<typeof OPTIONS>): Promise<number> {
  const query = { instance_id: name, progress: false };
  const { events } = await engine.get<EventsJson>('/api/v1/events', query, signal);
  const last = events.findLast((event): event is Began => event.event === 'job.began');
  if (!last) throw new Failure('bad_request', { why: `Nothing was run on ${name} yet.` });
  const operation = await engine.get<OperationJson>(`/api/v1/operations/${last.facts.operation}`, {}, signal);
  if (operation.ended_at !== null) {
    screen.note(`It has ended; what it printed is in ${last.facts.output}, on the machine and in the backups.`);
    return concludeRun(operation, false, screen);
  }
  const ended = await followRun(name, operation, last.number - 1, { engine, screen, signal });
  return ended ? concludeRun(ended, false, screen) : leftRunning(name, screen);
}

type Began = Extract<EventJson, { event: 'job.began' }>;

/** Its exit code is ours. What it printed is on standard output, so how it ended is said beside that. */
function concludeRun(operation: OperationJson, thenSleep: boolean, screen: Screen): number {
  const { outcome, instance_id: name } = operation;
  const code = outcome?.facts.code;
  if (typeof code !== 'number') return conclude(operation, screen); // it was never started
  if (screen.json) screen.printJson(operation);
  screen.note(outcome?.say ?? '');
  if (thenSleep) screen.note(`${name} goes to sleep now. Follow that with "dumont status ${name} --follow".`);
  return code;
}

function leftRunning(name: string, screen: Screen): number {
  screen.note(`Stopped following; the program goes on. See it again with "dumont run ${name} --attach".`);
  return INTERRUPTED;
}
