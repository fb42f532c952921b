import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../../engine/policy/times.ts';
import { openStandin, type Standin } from '../standins/discord/standin.ts';
import type { Interaction } from '../standins/discord/state.ts';
import { type Bench, target } from './bench.ts';
import type { Setting } from './discord-bot.ts';

const BOT = join(import.meta.dirname, 'discord-bot.ts');
const WATCHED_S = 60;
const PER_SECOND = 10;
const ASKED = 200;
const GUILDS = 10_000;
const INTERACTIONS = 1_000;

/** The bot over Discord's limits: the stand-in runs here, the bot in a process of its own. */
export const discord: Bench = {
  async run(say) {
    say('200 interactions in a second beside three races and a restore');
    const acked = await acknowledgement();
    say('what the panel of one race shows, for a minute');
    const one = await panelAge(1);
    say('three races in one channel, for a minute');
    const three = await panelAge(3);
    say(`memory with ${GUILDS} servers`);
    const megabytes = await memory();
    say(`${INTERACTIONS} interactions with lost answers, reconnects and a kill`);
    const once_ = await exactlyOnce();
    return [
      {
        title: 'The bot in Discord',
        columns: ['what', 'P50', 'P95', 'P99', 'unit'],
        rows: [
          ['acknowledged, 200 in a second', quantile(acked, 0.5), quantile(acked, 0.95), quantile(acked, 0.99), 'ms'],
          ['age of a panel, one race', ...ages(one.ages), 's'],
          ['age of a panel, three races in a channel', ...ages(three.ages), 's'],
          ['the least fresh of three', ...ages(three.worst), 's'],
        ],
        note: [
          target('acknowledgement P99', quantile(acked, 0.99), 250, 'ms'),
          target('age of a panel P95, one race', quantile(one.ages, 0.95) / 1_000, 2, 's'),
          target('age of a panel P95, three races', quantile(three.ages, 0.95) / 1_000, 5, 's'),
          target('last event shown after the end', Math.max(one.tailMs, three.tailMs) / 1_000, 5, 's'),
          target(`memory with ${GUILDS} servers`, megabytes, 200, 'MB'),
          `${INTERACTIONS} interactions, 2 % of answers lost, ${once_.reconnects} reconnects, one kill: ${once_.once} done once, ${once_.twice} twice, ` +
            `${once_.told} not done and their people told so, ${once_.lost} lost`,
        ].join('\n'),
      },
    ];
  },
};

const ages = (ms: readonly number[]): number[] => [0.5, 0.95, 0.99].map((share) => quantile(ms, share) / 1_000);

async function acknowledgement(): Promise<number[]> {
  await using bench = await begin(['lab', 'two', 'three', 'four']);
  const { standin, user, channel } = bench;
  for (const workspace of ['lab', 'two', 'three', 'four']) {
    await standin.answered(standin.run(user, channel, 'wake', { workspace }));
    bench.tell({ do: workspace === 'four' ? 'restore' : 'race', workspace, seconds: 6, perSecond: PER_SECOND });
  }
  await sleep(1_500);
  const began = Date.now();
  const asked: Interaction[] = [];
  for (let i = 0; i < ASKED; i += 1) {
    await sleep(Math.max(0, began + (i * 1_000) / ASKED - Date.now()));
    const workspace = ['lab', 'two', 'three'][i % 3] ?? 'lab';
    if (i % 4 === 0) asked.push(standin.suggest(user, channel, 'wake', 'workspace', 't'));
    else asked.push(standin.run(user, channel, i % 4 === 1 ? 'logs' : 'status', { workspace }));
  }
  return await Promise.all(asked.map(async (it) => await standin.acked(it, 10_000)));
}

/** Each event carries its number into the panel, so that what is shown says which events it knows. */
async function panelAge(races: number) {
  const names = ['lab', 'two', 'three'].slice(0, races);
  await using bench = await begin(names);
  const { standin, user, channel } = bench;
  for (const workspace of names) await standin.answered(standin.run(user, channel, 'wake', { workspace }));
  for (const workspace of names) bench.tell({ do: 'race', workspace, seconds: WATCHED_S, perSecond: PER_SECOND });
  const samples: number[] = [];
  const worst: number[] = [];
  const shownOf = (workspace: string): number => {
    const panel = standin.messages(channel).find(({ message }) => message.embeds[0]?.title === `wake ${workspace}`);
    const text = panel?.message.embeds[0]?.description ?? '';
    return Math.max(0, ...[...text.matchAll(/\$(\d+)\.00\/h/g)].map(([, k]) => Number(k)));
  };
  const ageOf = (workspace: string): number => {
    const unseen = bench.events.get(workspace)?.[shownOf(workspace)]; // event k stands at k - 1
    return unseen === undefined ? 0 : Date.now() - unseen;
  };
  while (bench.over.size < races) {
    await sleep(50);
    if (names.some((name) => (bench.events.get(name)?.length ?? 0) < 30)) continue; // it has only just begun
    const each = names.map(ageOf);
    samples.push(...each);
    worst.push(Math.max(...each));
  }
  const ended = Date.now();
  await standin.until(() => names.every((name) => shownOf(name) === WATCHED_S * PER_SECOND), 60_000, 'the last event');
  return { ages: samples, worst, tailMs: Date.now() - ended };
}

async function memory(): Promise<number> {
  await using bench = await begin(['lab'], { guilds: GUILDS, shards: 10 });
  await bench.standin.until(() => bench.standin.gateway.connected === 10, 120_000, 'ten shards');
  await sleep(2_000);
  return (await bench.ask<{ rss: number }>({ do: 'memory' }, 'rss')).rss / 1e6;
}

async function exactlyOnce() {
  const names = Array.from({ length: 50 }, (_, i) => `w${i}`);
  await using bench = await begin(names, { loses: 0.02, channels: 100 });
  const { standin, user, channels } = bench;
  const asked: Interaction[] = [];
  for (let i = 0; i < INTERACTIONS; i += 1) {
    asked.push(
      standin.run(user, channels[i % channels.length] ?? '', 'wake', { workspace: names[i % names.length] ?? '' }),
    );
    if (i % 250 === 100) standin.gateway.close(4000);
    if (i === INTERACTIONS / 2) await bench.kill();
    await sleep(20);
  }
  await standin.until(
    () => asked.every(({ ackedAt, at }) => ackedAt !== null || Date.now() - at > 10_000),
    60_000,
    'every answer',
  );
  await sleep(5_000);
  const { operations } = await bench.ask<{ operations: string[] }>({ do: 'operations' }, 'operations');
  const counts = asked.map((it) => operations.filter((key) => key === `discord:${it.id}`).length);
  return {
    reconnects: standin.gateway.resumes,
    once: counts.filter((count) => count === 1).length,
    twice: counts.filter((count) => count > 1).length,
    told: asked.filter(({ ackedAt }, i) => counts[i] === 0 && ackedAt === null).length,
    lost: asked.filter(({ ackedAt }, i) => counts[i] === 0 && ackedAt !== null).length,
  };
}

async function begin(
  workspaces: readonly string[],
  more: { guilds?: number; shards?: number; loses?: number; channels?: number } = {},
) {
  await using opening = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), 'dumont-bench-'));
  opening.defer(() => rm(home, { recursive: true, force: true }));
  const standin: Standin = opening.use(await openStandin({ shards: more.shards ?? 1, loses: more.loses ?? 0 }));
  const guild = standin.guild();
  for (let i = 1; i < (more.guilds ?? 1); i += 1) standin.guild(`server ${i}`);
  const channels = Array.from({ length: more.channels ?? 1 }, (_, i) => standin.channel(guild, `c${i}`));
  const user = standin.person('ana');
  const setting: Setting = {
    home,
    api: standin.api,
    token: standin.token,
    user: user.id,
    guild,
    channel: channels.length === 1 ? (channels[0] ?? null) : null,
    guilds: more.guilds ?? 1,
    workspaces,
  };
  const events = new Map<string, number[]>();
  const over = new Set<string>();
  const waiting = new Map<string, (line: never) => void>();
  let child: ChildProcess = await start();
  opening.defer(async () => await stop('SIGTERM'));
  const opened = opening.move();

  async function start(): Promise<ChildProcess> {
    const started = spawn(process.execPath, [BOT, JSON.stringify(setting)], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ready = Promise.withResolvers<void>();
    createInterface({ input: started.stdout }).on('line', (line) => {
      const said = JSON.parse(line) as Record<string, unknown> & { workspace: string; at: number; over: string };
      if ('ready' in said) ready.resolve();
      if ('k' in said) events.set(said.workspace, [...(events.get(said.workspace) ?? []), said.at]);
      if ('over' in said) over.add(said.over);
      for (const [name, tell] of waiting) if (name in said) tell(said as never);
    });
    await Promise.race([
      ready.promise,
      once(started, 'exit').then(([code]) => Promise.reject(new Error(`the bot ended with ${code}`))),
    ]);
    await standin.until(() => standin.gateway.connected > 0 && standin.state.commands.length > 0, 30_000, 'the bot');
    return started;
  }
  async function stop(signal: NodeJS.Signals): Promise<void> {
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  return {
    standin,
    user,
    channel: channels[0] ?? '',
    channels,
    events,
    over,
    tell: (line: object) => child.stdin?.write(`${JSON.stringify(line)}\n`),
    ask: async <T>(line: object, answer: string): Promise<T> => {
      const heard = Promise.withResolvers<T>();
      waiting.set(answer, heard.resolve as (line: never) => void);
      child.stdin?.write(`${JSON.stringify(line)}\n`);
      return await heard.promise;
    },
    /** Without a word, and starts it again. */
    async kill() {
      await stop('SIGKILL');
      child = await start();
    },
    [Symbol.asyncDispose]: async () => await opened.disposeAsync(),
  };
}
