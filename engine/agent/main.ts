import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { AgentOrder, PROTOCOL, PROTOCOL_MIN } from '../domain/agent-protocol.ts';
import { Failure } from '../domain/failures.ts';
import { atRisk } from './at-risk.ts';
import { bringBack } from './bring-back.ts';
import { look } from './change/look-verb.ts';
import { failed } from './failed.ts';
import { backUpChild } from './life/back-up-child.ts';
import { live } from './life/daemon.ts';
import { lastStandChild } from './life/dog.ts';
import { run } from './life/run.ts';
import { type Place, placeAt } from './place.ts';
import { ready } from './ready.ts';
import { restore, type Self } from './restore.ts';
import { restoreWorker } from './restore-worker.ts';
import { save } from './save.ts';
import { type Talk, talkOver } from './talk.ts';
import { weigh } from './weigh.ts';

/**
 * The program on the machine. Its verb is an argument; its order, secrets included, is one line on standard input.
 *
 *   agent.mjs ready|restore|bring-back|weigh|save|run|at-risk [--root DIR] [--home DIR] [--restic FILE] [--within PID]
 *
 * It stands at opt/dumont/agent.mjs below the machine's root, and takes its places from there.
 */
export async function main(argv: readonly string[], program: string): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      root: { type: 'string' },
      home: { type: 'string' },
      restic: { type: 'string' },
      within: { type: 'string' },
      attempt: { type: 'string' },
      kept: { type: 'string' },
    },
  });
  const [verb = ''] = positionals;
  const root = resolve(values.root ?? rootAbove(program));
  const home = resolve(values.home ?? join(root, 'opt/dumont'));
  const within = values.within === undefined ? null : Number(values.within);
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => stopping.abort(new Error(`told to stop by ${name}`)));
  using talk = talkOver<object>(process.stdin, process.stdout);
  try {
    const place = placeAt(root, home, resolve(values.restic ?? join(home, 'restic')), within);
    const self = { argv: argv.slice(1).filter((word) => !word.startsWith('--kept=')), program };
    if (values.attempt) return await workOn(values.attempt, place, talk, stopping.signal);
    if (verb === 'live') {
      const kept = values.kept === undefined ? null : values.kept === 'again' ? 'again' : 'first';
      return await live(place, self, kept, talk, stopping.signal);
    }
    const inner = INNER[verb];
    if (inner) return await inner(place, talk, stopping.signal);
    await obey(verb, place, self, talk, stopping.signal);
  } catch (cause) {
    talk.say(failed(verb, cause));
    process.exitCode = 1;
  } finally {
    process.stdin.destroy();
  }
}

type Inner = (place: Place, talk: Talk<object>, signal: AbortSignal) => Promise<void>;

/** What only the agent that lives on the machine starts, with orders of its own. */
const INNER: Readonly<Record<string, Inner>> = {
  'back-up': (place, talk, signal) => backUpChild(place, talk, signal),
  'last-stand': (place, talk, signal) => lastStandChild(place, talk, signal),
  look: (place, talk, signal) => look(place, talk, signal),
};

async function obey(verb: string, place: Place, self: Self, talk: Talk, signal: AbortSignal): Promise<void> {
  const { line, order } = await nextOrder(talk, signal);
  if (verb !== order.verb) throw new Failure('bad_request', { why: `told to ${verb}, with an order to ${order.verb}` });
  switch (order.verb) {
    case 'ready':
      return await ready(order, place, talk, signal);
    case 'restore':
      return await restore(order, line, place, self, talk, signal);
    case 'bring-back':
      return await bringBack(order, place, talk, signal);
    case 'weigh':
      return await weigh(order, place, talk, signal);
    case 'save':
      return await save(order, place, talk, signal);
    case 'run':
      return await run(order, place, self, talk, signal);
    case 'at-risk':
      return await atRisk(order, place, talk, signal);
  }
}

/** The worker of a restore is started by a restore, with the same order. */
async function workOn(attempt: string, place: Place, talk: Talk, signal: AbortSignal): Promise<void> {
  const { order } = await nextOrder(talk, signal);
  if (order.verb !== 'restore') throw new Failure('bad_request', { why: `nobody works on a ${order.verb}` });
  await restoreWorker(order, place, attempt, signal);
}

async function nextOrder(talk: Talk, signal: AbortSignal): Promise<{ line: string; order: AgentOrder }> {
  const line = await talk.next(signal);
  if (line === null) throw new Failure('bad_request', { why: 'no order came' });
  return { line, order: orderFrom(line) };
}

function orderFrom(line: string): AgentOrder {
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch {
    throw new Failure('bad_request', { why: 'the order is not JSON' }); // it may hold secrets: it is not repeated
  }
  const order = AgentOrder.safeParse(said);
  if (order.success && order.data.protocol <= PROTOCOL && order.data.protocol >= PROTOCOL_MIN) return order.data;
  const issue = order.error?.issues[0];
  const why = issue
    ? `${issue.path.join('.')}: ${issue.message}`
    : `this agent speaks protocols ${PROTOCOL_MIN} to ${PROTOCOL}`;
  throw new Failure('bad_request', { why });
}

/** `/` for /opt/dumont/agent.mjs. */
function rootAbove(program: string): string {
  const home = dirname(resolve(program));
  const placed = basename(home) === 'dumont' && basename(dirname(home)) === 'opt';
  return placed ? dirname(dirname(home)) : '/';
}
