import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, vi } from 'vitest';
import { lockHolder } from '../../engine/agent/lock.ts';
import { placeAt } from '../../engine/agent/place.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { WatchdogProof } from '../../engine/domain/watchdog-proof.ts';
import type { IdleRules } from '../../engine/domain/workspace.ts';
import { type Ear, livingMachine, openEar, runOrder, ticket, write } from './living.ts';
import type { Machine } from './machine.ts';
import { resticWorld } from './restic-world.ts';

const { can, resticTest, stack, world } = await resticWorld('linux');
let ends = 0;
let endUrl = '';
let answer: (response: ServerResponse) => void = (response) => void response.end();

beforeAll(async () => {
  if (!can) return;
  const server = createServer((_, response) => {
    ends += 1;
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stack.defer(() => void server.close());
  stack.defer(() => void server.closeAllConnections());
  endUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/end`;
});

/** Whatever happens on the machine that runs the tests counts as nothing. */
const ASLEEP: IdleRules = {
  ...DEFAULTS.idle,
  ...{ idleMs: 1, firstMs: 0, attachedMs: 0, unknownMs: 0 },
  ...{ gpuBusyPercent: 1e9, gpuMemoryMovedMb: 1e9, cpuBusyPercent: 1e9 },
  ...{ diskBusyBytesPerSecond: 1e15, networkBusyBytesPerSecond: 1e15 },
};

async function alone(name: string, idle: IdleRules | null): Promise<{ machine: Machine; ear: Ear }> {
  const machine = await livingMachine(world, stack, name);
  const ear = stack.use(await openEar());
  write(machine, { 'workspace/a': 'first' });
  const end = { method: 'POST', url: endUrl, headers: {}, body: null } as const;
  const watchdog = {
    silentMs: 300,
    ticket: ticket(world, 50),
    end,
    itself: null,
    proofUrl: world.url(`proof-${name}`),
  };
  ear.answer = { watchdog, idle };
  await machine.run('run', runOrder(world, ear.url, ear.answer));
  await ear.until((status) => status.taken.length > 0);
  ear.answer = null; // from now on the engine says nothing
  return { machine, ear };
}

const proofOf = (name: string): WatchdogProof =>
  WatchdogProof.parse(JSON.parse(world.objects.get(`/proof-${name}`)!.toString()));
const until = (look: () => unknown): Promise<unknown> => vi.waitFor(() => expect(look()).toBeTruthy(), PATIENCE);
const PATIENCE = { timeout: 50_000, interval: 20 };

resticTest(
  'with a silent engine and nobody at work it saves, proves and ends itself, and is not heard any more',
  async () => {
    const { machine, ear } = await alone('ends', ASLEEP);
    write(machine, { 'workspace/b': 'nobody was told of it' });
    const before = ends;
    await until(() => ends > before);
    const { calls } = ear;
    await until(() => lockHolder(placeAt(machine.root, machine.home, '', null))?.what === 'the watchdog');
    stack.defer(() => endWatchdog(machine)); // it waits for its end, and nothing stops it
    expect(proofOf('ends')).toMatchObject({
      workspace: 'lab',
      processes: 'stand-still',
      taken: { epoch: 1, files: 2 },
    });
    await sleep(300);
    const heard = calls();
    await sleep(1_000); // ten heartbeats
    expect(calls(), 'a heartbeat would say that it lives on').toBe(heard);
    expect(ends).toBe(before + 1);
  },
  60_000,
);

resticTest(
  "by the workspace's own rules somebody may be at work, and an engine that speaks calls everything off",
  async () => {
    const before = ends;
    const { machine: busy } = await alone('busy', { ...ASLEEP, firstMs: 3_600_000 });
    let asked = 0;
    answer = () => {
      asked += 1; // and no answer
    };
    const { machine, ear } = await alone('called-off', ASLEEP);
    await until(() => asked > 0);
    expect(proofOf('called-off').processes).toBe('stand-still');
    ear.answer = {};
    await ear.until(() => true);
    await until(() => proofOf('called-off').processes === 'go-on');
    await until(() => lockHolder(placeAt(machine.root, machine.home, '', null)) === null);
    expect([ends, world.objects.has('/proof-busy')]).toEqual([before + 1, false]);
    expect(lockHolder(placeAt(busy.root, busy.home, '', null))).toBeNull();
  },
  60_000,
);

function endWatchdog(machine: Machine): void {
  const holder = lockHolder(placeAt(machine.root, machine.home, '', null));
  if (holder?.what === 'the watchdog') process.kill(holder.pid, 'SIGKILL');
}
