import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { Listed, Order } from '../../../engine/domain/marketplace.ts';
import type { Connect, Shell } from '../../../engine/domain/ports.ts';
import { type LocalMarketplace, localMarketplace } from '../../../engine/marketplaces/local/local.ts';
import type { LocalOptions } from '../../../engine/marketplaces/local/market.ts';
import { sshConnect } from '../../../engine/ssh/connect.ts';
import { type OwnKey, ownKey } from '../../../engine/ssh/own-key.ts';

/** A local marketplace in a folder of its own, and a key to its machines. Everything is ended and removed afterwards. */
export interface LocalWorld extends AsyncDisposable {
  readonly folder: string;
  readonly market: LocalMarketplace;
  readonly key: OwnKey;
  readonly connect: Connect;
  /** Another marketplace on the same folder, as after a restart of the engine. */
  again(options?: Partial<LocalOptions>): LocalMarketplace;
  order(change?: Partial<Order>): Order;
  /** Rents the nth offer. */
  rent(change?: Partial<Order>, nth?: number): Promise<string>;
  /** Rents a machine and waits until its SSH server answers. */
  machine(change?: Partial<Order>, nth?: number): Promise<Up>;
  /** Waits until a rented machine answers. */
  up(instance: string): Promise<Up>;
  row(instance: string): Promise<Listed | undefined>;
}

export interface Up {
  readonly instance: string;
  readonly row: Listed;
  readonly port: number;
  readonly shell: Shell;
  /** Runs a line of bash and returns what it printed. */
  bash(line: string, stdin?: string): Promise<string>;
}

export const patience = (): AbortSignal => AbortSignal.timeout(15_000);

/** For one test; it ends with it. */
export async function localWorld(options: Partial<LocalOptions> = {}): Promise<LocalWorld> {
  const world = await openLocalWorld(options);
  onTestFinished(async () => await world[Symbol.asyncDispose]());
  return world;
}

export async function openLocalWorld(options: Partial<LocalOptions> = {}): Promise<LocalWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'dumont-market-'));
  const key = await ownKey(join(folder, 'key'));
  const again = (more: Partial<LocalOptions> = {}) =>
    localMarketplace({ folder: join(folder, 'market'), bootMs: 0, ...options, ...more });
  const market = again();
  const connect = sshConnect(key.privateKey);
  const shells = new Set<Shell>();

  const world: LocalWorld = {
    folder,
    market,
    key,
    connect,
    again,
    order: (change = {}) => ({
      label: 'dumont-test-m1-lab',
      image: 'none',
      diskGb: 10,
      publicKeys: [key.publicKey],
      bootScript: 'true',
      bootConfig: '{}',
      environment: {},
      ports: [],
      ...change,
    }),
    async rent(change, nth = 0) {
      const offers = await market.offers({}, patience());
      return await market.rent(offers[nth]!, world.order(change), async () => undefined, patience());
    },
    machine: async (change, nth) => await world.up(await world.rent(change, nth)),
    async up(instance) {
      const row = await until(async () => {
        const found = await world.row(instance);
        return found?.address ? found : null;
      });
      const shell = await until(async () => await connect(row.address!, null, patience()).catch(() => null));
      shells.add(shell);
      const bash = async (line: string, stdin?: string): Promise<string> => {
        const output = await shell.run({ argv: ['bash', '-c', line], stdin, timeoutMs: 10_000 }, patience());
        return (output.stdout + output.stderr).trim();
      };
      return { instance, row, port: row.address!.port, shell, bash };
    },
    row: async (instance) => (await market.list(patience())).find((row) => row.instance === instance),
    async [Symbol.asyncDispose]() {
      await Promise.all([...shells].map(async (shell) => await shell[Symbol.asyncDispose]()));
      await market.endAll();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return world;
}

/** Looks again and again until there is something to see. */
export async function until<T>(look: () => Promise<T | null | undefined | false>, ms = 10_000): Promise<T> {
  const deadline = performance.now() + ms;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (performance.now() > deadline) throw new Error(`not seen within ${ms} ms`);
    await sleep(10);
  }
}
