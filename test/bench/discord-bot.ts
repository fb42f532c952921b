import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openBot } from '../../bot/bot.ts';
import { openAccounts } from '../../engine/accounts/accounts.ts';
import type { State } from '../../engine/domain/lifecycle.ts';
import type { Ports } from '../../engine/domain/ports.ts';
import { Secret } from '../../engine/domain/secret.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { createEngine } from '../../engine/engine.ts';
import { engineFor } from '../../engine/guard.ts';
import { createAudit } from '../../engine/process/audit.ts';
import { createBell } from '../../engine/process/bell.ts';
import { createTelling } from '../../engine/process/telling.ts';
import { masterKey } from '../../engine/storage/master-key.ts';
import { openJournals } from '../../engine/store/open-journals.ts';
import { openStore } from '../../engine/store/open-store.ts';
import { account, realClock as clock } from '../bot/stage.ts';
import { aWorkspace } from '../contracts/store-rows.ts';

/**
 * The bot with the engine's real store, journals and operations, in a process of its own; what drives machines is left out,
 * and races are told as if there were some. It ends with its input, or when it is killed.
 */
export interface Setting {
  readonly home: string;
  readonly api: string;
  readonly token: string;
  readonly user: string;
  readonly guild: string;
  /** Where panels stand; null: where they were asked for. */
  readonly channel: string | null;
  readonly guilds: number;
  readonly workspaces: readonly string[];
}
const setting = JSON.parse(process.argv[2] ?? '') as Setting;

await mkdir(setting.home, { recursive: true });
const nothing = (): never => {
  throw new Error('nothing of this is asked for here');
};
const log = (): void => undefined;
await using closing = new AsyncDisposableStack();
const store = closing.use(await openStore(join(setting.home, 'state')));
const journals = closing.use(await openJournals(join(setting.home, 'journals')));
const bell = createBell(clock);
const key = masterKey(Buffer.alloc(32, 7));
const telling = await createTelling(journals, clock, bell, log);
const ports = {
  settings: { ...DEFAULTS, installation: 'bench' },
  clock,
  random: Math.random,
  newId: (prefix: string) => `${prefix}${crypto.randomUUID().slice(0, 12)}`,
  store,
  journals,
  marketplaces: new Map(),
  connect: nothing,
  bell,
  underway: new Map(),
  fence: { check: async () => undefined },
  log,
  tell: telling.tell,
  heartbeats: { latest: () => null },
} as unknown as Ports;
const engine = createEngine(ports, telling, null);

if ((await store.list('accounts')).length === 0) {
  await account(store, 'ana', 'admin', { id: setting.user, name: 'ana', permissions: 0n, locale: 'en-US' });
  for (const id of setting.workspaces) await store.save('workspaces', aWorkspace({ id, owner: 'ana', claim: null }));
  for (let i = 0; i < setting.guilds; i += 1)
    await store.save('guilds', guildRow(i === 0 ? setting.guild : `9${String(i).padStart(17, '0')}`, i === 0));
}
closing.use(
  await openBot({
    api: setting.api,
    token: new Secret(setting.token),
    engine,
    engineFor: (who) => engineFor(who, engine, store),
    accounts: openAccounts({ store, clock, newId: ports.newId, derive: key.derive }),
    audit: createAudit(journals, clock),
    store,
    clock,
    log,
    newId: ports.newId,
    first: null,
    onEnd: nothing,
  }),
);
say({ ready: true });

const MACHINES = 15;
const STATES: readonly State[] = ['booting', 'installing'];

/** So many events a second about fifteen machines; each carries its number where the panel shows a price. */
async function race(workspace: string, seconds: number, perSecond: number): Promise<void> {
  telling.tell({ event: 'race.began', workspace, race: `r-${workspace}`, machines: MACHINES, why: '15 of 40 offers' });
  const began = Date.now();
  for (let k = 1; k <= seconds * perSecond; k += 1) {
    await clock.sleep(Math.max(0, began + (k * 1_000) / perSecond - Date.now()), new AbortController().signal);
    const machine = `${workspace}-m${k % MACHINES}`;
    const to = STATES[Math.floor(k / MACHINES) % 2] ?? 'booting';
    const offer = { gpu: 'RTX 4090', host: `host-${k % MACHINES}`, region: 'eu-west', dollarsPerHour: k };
    telling.tell({ event: 'machine.moved', workspace, machine, from: 'renting', to, why: 'it exists', ms: 1, offer });
    say({ workspace, k, at: Date.now() });
  }
}

/** Files that arrive, for so many seconds. */
async function restore(workspace: string, seconds: number, perSecond: number): Promise<void> {
  const total = 7.2e9;
  for (let k = 1; k <= seconds * perSecond; k += 1) {
    await clock.sleep(1_000 / perSecond, new AbortController().signal);
    const share = k / (seconds * perSecond);
    const counts = { bytesDone: Math.round(total * share), bytesTotal: total, filesDone: k, filesTotal: 4_410 };
    telling.tell({ event: 'restore.progress', workspace, machine: `${workspace}-m1`, ...counts });
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line) as { do: string; workspace: string; seconds: number; perSecond: number };
  if (asked.do === 'race')
    void race(asked.workspace, asked.seconds, asked.perSecond).then(() => say({ over: asked.workspace }));
  if (asked.do === 'restore') void restore(asked.workspace, asked.seconds, asked.perSecond);
  if (asked.do === 'memory') say({ rss: process.memoryUsage().rss });
  if (asked.do === 'operations') say({ operations: (await store.list('operations')).map(({ key: from }) => from) });
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function guildRow(id: string, first: boolean) {
  const channel = first ? setting.channel : null;
  return {
    id,
    version: 0,
    language: 'en',
    channel,
    audit: null,
    pingRole: null,
    hears: 'its own',
    trouble: null,
  } as const;
}
