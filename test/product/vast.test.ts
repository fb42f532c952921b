import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readLabel } from '../../engine/domain/layout.ts';
import type { Operation } from '../../engine/domain/operation.ts';
import { type Dumont, openDumont } from '../../engine/main.ts';
import { readConfig } from '../../engine/process/config.ts';
import { GOOD_KEY, isLive, openVast } from '../standins/vast/account.ts';
import { localComputers } from '../standins/vast/computers.ts';
import { serveVast } from '../standins/vast/serve.ts';
import { readTraps } from '../standins/vast/traps.ts';

// biome-ignore lint/style/noProcessEnv: the global setup says here which restic the tests use.
const { DUMONT_RESTIC, PATH = '' } = process.env;
const ANA = { by: 'ana', key: null };
const home = await mkdtemp(join(tmpdir(), 'dumont-vast-product-'));
afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});
const signal = AbortSignal.timeout(170_000);

test.skipIf(!DUMONT_RESTIC)(
  'the whole product at vast: wake, work, hibernate, wake, the same bytes, and nothing rented at the end',
  { timeout: 180_000 },
  async () => {
    await using computers = localComputers(join(home, 'computers'), PATH);
    const boot = () => ({ loadingMs: 500, sshMs: 0, cached: true, fate: 'well' }) as const;
    const traps = readTraps(['list-lag=0.5', 'destroy-404=0.2', 'text-errors=0.3']);
    const account = openVast({ now: Date.now, boot, computers, traps });
    await using server = await serveVast(account);
    const config = readConfig({
      DUMONT_HOME: join(home, 'engine'),
      DUMONT_PORT: '0',
      DUMONT_BATCH: '2',
      DUMONT_VAST_KEY: GOOD_KEY,
      DUMONT_VAST_API: server.url,
      DUMONT_RESTIC,
      PATH,
    });
    // Lists here are seconds behind at most; nobody need wait a minute for the second one.
    const soon = { proofGapMs: 6_000, retryMs: [3_000], tellAfterMs: 60_000 };
    await using dumont = await openDumont(
      config,
      () => undefined,
      (ports) => ({ ...ports, settings: { ...ports.settings, release: soon } }),
    );
    const words = 'written at the first machine\n';
    await dumont.engine.create('lab', { need: { gpu: 'RTX 4090' } }, ANA);
    await ended(dumont, await dumont.engine.wake('lab', {}, ANA));
    const first = (await dumont.engine.ssh('lab')).machine;
    await onMachine(dumont, ['bash', '-c', `printf '%s' '${words}' > /workspace/words.txt`]);
    const label = account.rentals.find(isLive)?.label ?? null;
    expect(readLabel(label)).toMatchObject({ workspace: 'lab' });

    await ended(dumont, await dumont.engine.hibernate('lab', {}, ANA));
    await until(async () => !account.rentals.some(isLive), 'nothing is rented while it sleeps');
    await ended(dumont, await dumont.engine.wake('lab', {}, ANA));
    expect((await dumont.engine.ssh('lab')).machine).not.toBe(first);
    expect(await onMachine(dumont, ['cat', '/workspace/words.txt'])).toBe(words);
    await ended(dumont, await dumont.engine.hibernate('lab', {}, ANA));
    await until(async () => !account.rentals.some(isLive), 'nothing is rented at the end');
    expect(await dumont.ports.marketplaces.get('local')?.offers({}, signal), 'nor offered here beside it').toEqual([]);
  },
);

/** Follows an operation to its end, which must be a good one. */
async function ended(dumont: Dumont, { id }: Operation): Promise<void> {
  await until(async () => (await dumont.engine.operation(id)).endedAt !== null, `operation ${id} ends`);
  const { verb, outcome } = await dumont.engine.operation(id);
  expect(outcome, verb).toMatchObject({ ok: true });
}

async function onMachine(dumont: Dumont, argv: readonly string[]): Promise<string> {
  const { address, hostKey } = await dumont.engine.ssh('lab');
  await using shell = await dumont.ports.connect(address, hostKey, signal);
  const { code, stdout, stderr } = await shell.run({ argv, timeoutMs: 20_000 }, signal);
  expect(code, `${argv.join(' ')}: ${stderr}`).toBe(0);
  return stdout;
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  while (!(await holds())) {
    if (signal.aborted) throw new Error(`in vain waited until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
