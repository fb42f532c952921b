import { quantile } from '../../engine/policy/times.ts';
import { openHostWorld } from '../infra/host-world.ts';
import { programWorld } from '../infra/program-world.ts';
import { noDebianHost } from '../standins/debian/debian-host.ts';
import { type Bench, type Table, target } from './bench.ts';

const RUNS = 7;

/** What `pulumi up` costs where there is nothing to do, and how a release is switched. */
export const infra: Bench = {
  run: async (say) => [await program(say), ...(noDebianHost === null ? [await host(say)] : [])],
};

async function program(say: (line: string) => void): Promise<Table> {
  await using world = await programWorld();
  await world.program.up();
  const times: number[] = [];
  for (let run = 1; run <= RUNS; run += 1) {
    say(`program ${run} of ${RUNS}`);
    times.push((await world.program.up()).ms);
  }
  const sizes = [...world.program.rows.values()]
    .filter(({ custom }) => custom)
    .map(({ inputs, outputs, urn }) => JSON.stringify({ urn, inputs, outputs }).length);
  return {
    title: 'The Pulumi program, a stack without a host, nothing to change',
    columns: ['what', 'P50', 'min', 'max'],
    rows: [
      ['evaluation, ms, calls to Cloudflare included', quantile(times, 0.5), Math.min(...times), Math.max(...times)],
      [
        `state of each of ${sizes.length} resources, bytes`,
        quantile(sizes, 0.5),
        Math.min(...sizes),
        Math.max(...sizes),
      ],
    ],
  };
}

async function host(say: (line: string) => void): Promise<Table> {
  await using world = await openHostWorld();
  const one = world.wanted(world.release('one'));
  say('making a host');
  const made = await timed(() => world.converge(one));
  Object.assign(world.debian.counted, { logins: 0, runs: 0 });
  const looks: number[] = [];
  for (let run = 1; run <= RUNS; run += 1) {
    say(`look ${run} of ${RUNS}`);
    looks.push(await timed(() => world.converge(one)));
  }
  const { logins, runs } = world.debian.counted;
  say('switching a release');
  const watch = watchGap(world.port);
  const switched = await timed(() => world.converge(world.wanted(world.release('two'))));
  const gap = await watch();
  return {
    title: 'A control host over SSH (stand-ins for apt, systemd and nft)',
    columns: ['what', 'measured'],
    rows: [
      ['made from nothing, s', made / 1_000],
      ['a refresh that finds all as it shall be, P50 ms', quantile(looks, 0.5)],
      ['the same: logins, and questions after each', `${logins / RUNS}, ${runs / RUNS}`],
      ['a release switched, s', switched / 1_000],
      ['of that the engine did not answer, s', gap / 1_000],
    ],
    note: target('questions that a refresh asks (an "up" without a change asks none)', runs / RUNS, 4, ''),
  };
}

/** For how long nobody answers, from the first refusal to the next answer. */
function watchGap(port: number): () => Promise<number> {
  const stop = new AbortController();
  const watching = (async () => {
    let [since, longest] = [0, 0];
    while (!stop.signal.aborted) {
      const answers = await fetch(`http://127.0.0.1:${port}/healthz`).then(
        () => true,
        () => false,
      );
      const now = performance.now();
      if (answers) since = 0;
      else since ||= now;
      if (since > 0) longest = Math.max(longest, now - since);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return longest;
  })();
  return async () => {
    stop.abort();
    return await watching;
  };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}
