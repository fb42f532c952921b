import { BOOT, PROTOCOL } from '../domain/agent-protocol.ts';
import { Failure, isFailure, reasonOf } from '../domain/failures.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Kit, Ports, Shell } from '../domain/ports.ts';
import { agentCommand, failureOf, readAgentEvent } from '../remote/agent-command.ts';
import {
  arrivedSoFar,
  bootAgain,
  bootEnd,
  checkTools,
  missingTools,
  readArrived,
  readBootEnd,
} from '../remote/tools-check.ts';
import { within } from './deadline.ts';
import { orderFor } from './order.ts';
import { reach } from './reach.ts';
import { type Step, verdictOn } from './step.ts';

/** Waits for the tools that the boot script fetches, checks each against its hash, then lets the machine prove itself. */
export const installing: Step = async (machine, ports, signal) => {
  const dropped = await verdictOn(machine, ports);
  if (dropped) return { to: 'releasing', why: dropped };
  const { installMaxMs, readyMs } = ports.settings.race.deadlines;
  const kit = await ports.kit();
  try {
    await using shell = await reach(machine, ports, signal);
    await within(
      'install tools',
      installMaxMs,
      ports.clock,
      signal,
      async (toolSignal) => await toolsArrive(shell, machine, kit, ports, toolSignal),
    );
    const said = await within(
      'readiness check',
      readyMs,
      ports.clock,
      signal,
      async (readySignal) => await checkReady(shell, machine, kit, ports, readySignal),
    );
    return { to: 'standing-by', why: said.words, facts: said.mbps === undefined ? {} : { mbps: said.mbps } };
  } catch (cause) {
    signal.throwIfAborted();
    if (isFailure(cause)) return { to: 'releasing', why: reasonOf(cause) };
    throw cause;
  }
};

async function toolsArrive(shell: Shell, machine: Machine, kit: Kit, ports: Ports, signal: AbortSignal): Promise<void> {
  const { installMs, installMaxMs } = ports.settings.race.deadlines;
  let mayRenew = machine.entered.paused !== undefined;
  let arrived = { kilobytes: -1, at: ports.clock.now() };
  for (;;) {
    const end = readBootEnd(await shell.run(bootEnd(), signal));
    if (end?.done) break;
    if (end && !mayRenew) throw new Failure('not_ready', { why: `its tools did not arrive: ${end.words}` });
    if (end) {
      // What it was given when it was made has ended since, and its disk may have come back empty.
      mayRenew = false;
      const { bootConfig } = await orderFor(machine, ports);
      await shell.upload([{ path: BOOT.config, mode: 0o600, from: { bytes: Buffer.from(bootConfig) } }], signal);
      await shell.run(bootAgain(installMaxMs), signal);
      arrived = { kilobytes: -1, at: ports.clock.now() };
      continue;
    }
    // Until then nobody asks: machines are busiest just now. The deadline is for those to which nothing comes any more.
    if (ports.clock.now() - arrived.at >= installMs / 2) {
      const kilobytes = readArrived(await shell.run(arrivedSoFar(), signal)) ?? arrived.kilobytes;
      const first = arrived.kilobytes === -1;
      if (kilobytes > arrived.kilobytes) arrived = { kilobytes, at: first ? arrived.at : ports.clock.now() };
    }
    if (ports.clock.now() - arrived.at >= installMs)
      throw new Failure('stage_slow', { stage: 'install tools', seconds: installMs / 1_000 });
    await ports.clock.sleep(POLL_MS, signal);
  }
  const missing = missingTools(kit, await shell.run(checkTools(kit), signal));
  if (missing.length > 0) throw new Failure('not_ready', { why: `not the programs we sent: ${missing.join(', ')}` });
}

const POLL_MS = 250;

async function checkReady(
  shell: Shell,
  machine: Machine,
  kit: Kit,
  ports: Ports,
  signal: AbortSignal,
): Promise<{ readonly words: string; readonly mbps: number | undefined }> {
  const { ready, race } = ports.settings;
  const probe = kit.tools.find((tool) => tool.name === 'restic');
  const order = {
    protocol: PROTOCOL,
    verb: 'ready',
    workspace: machine.workspace,
    machine: machine.id,
    now: ports.clock.now(),
    gpuCount: machine.offer.gpuCount,
    probe: probe
      ? { url: await ports.storage.presign('GET', probe.key, PROBE_URL_MS), mbpsMin: ready.storageMbps }
      : null,
    clockSkewMs: ready.clockSkewMs,
  } as const;
  let words: string | null = null;
  let mbps: number | undefined;
  const output = await shell.run(agentCommand(order, race.deadlines.readyMs), signal, (line) => {
    const event = readAgentEvent(line);
    if (event?.event === 'failed') throw failureOf(event, machine.workspace);
    if (event?.event !== 'ready') return;
    const bad = event.checks.filter((check) => !check.ok);
    if (bad.length > 0) throw new Failure('not_ready', { why: bad.map((check) => check.say).join('; ') });
    mbps = event.checks.find((check) => check.mbps !== undefined)?.mbps;
    words = event.checks.map((check) => check.say).join('; ');
  });
  if (words === null)
    throw new Failure('command_failed', { command: 'agent ready', code: output.code, why: output.stderr.trim() });
  return { words, mbps };
}

const PROBE_URL_MS = 10 * 60_000;
