import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { AgentOrder, PROTOCOL } from '../domain/agent-protocol.ts';
import { Failure } from '../domain/failures.ts';
import { failed } from './failed.ts';
import { type Place, placeAt } from './place.ts';
import { ready } from './ready.ts';
import { restore } from './restore.ts';
import { restoreWorker } from './restore-worker.ts';
import { save } from './save.ts';
import { type Talk, talkOver } from './talk.ts';

/**
 * The program on the machine. Its verb is an argument; its order, secrets included, is one line on standard input.
 *
 *   agent.mjs ready|restore|save [--root DIR] [--home DIR] [--restic FILE] [--within PID]
 *
 * It stands at opt/dumont/agent.mjs below the machine's root, and takes its places from there.
 */
async function main(argv: readonly string[], program: string): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      root: { type: 'string' },
      home: { type: 'string' },
      restic: { type: 'string' },
      within: { type: 'string' },
    },
  });
  const [verb = ''] = positionals;
  const root = resolve(values.root ?? rootAbove(program));
  const home = resolve(values.home ?? join(root, 'opt/dumont'));
  const within = values.within === undefined ? null : Number(values.within);
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => stopping.abort(new Error(`told to stop by ${name}`)));
  using talk = talkOver(process.stdin, process.stdout);
  try {
    const place = placeAt(root, home, resolve(values.restic ?? join(home, 'restic')), within);
    await obey(verb, place, { argv: argv.slice(1), program }, talk, stopping.signal);
  } catch (cause) {
    talk.say(failed(verb, cause));
    process.exitCode = 1;
  } finally {
    process.stdin.destroy();
  }
}

async function obey(
  verb: string,
  place: Place,
  self: { readonly argv: readonly string[]; readonly program: string },
  talk: Talk,
  signal: AbortSignal,
): Promise<void> {
  const line = await talk.next(signal);
  if (line === null) throw new Failure('bad_request', { why: 'no order came' });
  const order = orderFrom(line);
  // The worker of a restore is started by a restore, with the same order.
  if (verb === 'restore-worker' && order.verb === 'restore') return await restoreWorker(order, place, signal);
  if (verb !== order.verb) throw new Failure('bad_request', { why: `told to ${verb}, with an order to ${order.verb}` });
  switch (order.verb) {
    case 'ready':
      return await ready(order, place, talk, signal);
    case 'restore':
      return await restore(order, line, place, self, talk, signal);
    case 'save':
      return await save(order, place, talk, signal);
  }
}

function orderFrom(line: string): AgentOrder {
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch {
    throw new Failure('bad_request', { why: 'the order is not JSON' }); // it may hold secrets: it is not repeated
  }
  const order = AgentOrder.safeParse(said);
  if (order.success && order.data.protocol <= PROTOCOL) return order.data;
  const issue = order.error?.issues[0];
  const why = issue ? `${issue.path.join('.')}: ${issue.message}` : `this agent speaks protocol ${PROTOCOL}`;
  throw new Failure('bad_request', { why });
}

/** `/` for /opt/dumont/agent.mjs. */
function rootAbove(program: string): string {
  const home = dirname(resolve(program));
  const placed = basename(home) === 'dumont' && basename(dirname(home)) === 'opt';
  return placed ? dirname(dirname(home)) : '/';
}

// When it is bundled, the threads that hash start from this same file.
if (isMainThread) await main(process.argv.slice(2), process.argv[1] ?? '');
