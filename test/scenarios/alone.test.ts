import { expect, test } from 'vitest';
import type { AgentAnswer } from '../../engine/domain/heartbeat.ts';
import type { FakeMachine } from '../fakes/machine.ts';
import { ANA, awake, MINUTE, World } from '../fakes/world.ts';

/** What a machine last heard to do in case its engine falls silent. */
function orders(machine: FakeMachine): { idle: AgentAnswer['idle'] } & NonNullable<AgentAnswer['watchdog']> {
  const { watchdog, idle } = machine.life!.heard.answer;
  return { ...watchdog!, idle };
}

test("a machine without its engine keeps to the workspace's own rules, and to a wish to keep it awake", async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  const { watchdogMs } = w.settings.agent;
  expect(orders(machine)).toMatchObject({ idle: w.settings.idle, silentMs: watchdogMs, end: expect.anything() });

  await engine.configure('lab', { idle: { gpuBusyPercent: 1, idleMs: 20 * MINUTE } }, ANA);
  await engine.keep('lab', { forMs: 120 * MINUTE, why: 'a demo at four' }, ANA);
  await w.clock.advance(MINUTE);
  const kept = orders(machine);
  expect(kept.idle).toEqual({ ...w.settings.idle, gpuBusyPercent: 1, idleMs: 20 * MINUTE });
  expect(kept.silentMs).toBeGreaterThan(118 * MINUTE);
  expect(kept.silentMs).toBeLessThanOrEqual(120 * MINUTE);

  await w.clock.advance(100 * MINUTE);
  expect(orders(machine).silentMs, 'less is left of the wish than the watchdog waits').toBe(watchdogMs);

  await engine.configure('lab', { idle: { hibernate: false } }, ANA);
  await w.clock.advance(MINUTE);
  expect(orders(machine).end, 'it never falls asleep by itself').toBeNull();
  await stop();
});

test('what a machine was given lasts until it has saved itself, however long it is to wait for its engine', async () => {
  const w = new World();
  const { engine, machine, stop } = await awake(w);
  const { save } = w.settings;
  await engine.keep('lab', { forMs: w.settings.agent.keepMsMax, why: 'a long run' }, ANA);
  for (let hours = 0; hours < 30; hours += 6) {
    await w.clock.advance(6 * 60 * MINUTE);
    const { silentMs, ticket } = orders(machine);
    const needed = machine.life!.heard.at + silentMs + save.timeoutMs;
    expect(machine.life!.status().credentialsUntil!, `credentials, ${hours} h`).toBeGreaterThanOrEqual(needed);
    expect(ticket.until, `the ticket, ${hours} h`).toBeGreaterThanOrEqual(needed);
    if (machine.destroyed) break;
  }
  await stop();
});
