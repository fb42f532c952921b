import { afterWakeJob } from '../domain/after-wake.ts';
import type { AgentAnswer, AgentStatus, JobOrder, Ticket } from '../domain/heartbeat.ts';
import { draftManifestKey, watchdogProofKey } from '../domain/layout.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports } from '../domain/ports.ts';
import type { Workspace } from '../domain/workspace.ts';
import { rulesFor } from '../policy/hibernation.ts';
import { duration } from '../policy/idle-words.ts';
import { intervalOf } from '../policy/plan.ts';
import { repositoryAccess } from './access.ts';
import { update } from './update.ts';

type AnswerPorts = Omit<Ports, 'heartbeats'>;

/** What an answer depends on; an agent that was not heard yet has nothing. */
type Known = Pick<AgentStatus, 'tickets' | 'credentialsUntil' | 'taken' | 'program'>;

/** What an agent hears next. Everything in it is computed from the rows, so that an engine that starts anew says the same. */
export async function answerTo(
  status: Known,
  machine: Machine,
  workspace: Workspace,
  ports: AnswerPorts,
  before: AgentAnswer['watchdog'] = null,
): Promise<AgentAnswer> {
  const { clock, settings } = ports;
  const mine = workspace.claim?.machine === machine.id;
  const now = clock.now();
  const tickets = mine ? await freshTickets(status, machine, workspace, ports) : [];
  const current = (await ports.store.read('workspaces', workspace.id)) ?? workspace;
  const renewed = (status.credentialsUntil ?? 0) < now + aloneMs(current, ports);
  return {
    now,
    heartbeatMs: settings.agent.heartbeatMs,
    plan: mine ? planOf(workspace, ports) : null,
    repository: mine && renewed ? await repositoryAccess(workspace, ports, aloneMs(current, ports) * 2) : null,
    tickets,
    ...(await settledOf(status, ports)),
    watchdog: mine ? await watchdogFor(machine, current, ports, before) : null,
    idle: mine ? rulesFor(workspace, settings) : null,
    jobs: jobsOf(machine, workspace),
    notice: noticeOf(machine, workspace),
    program: await newerProgram(status, ports),
  };
}

function planOf(workspace: Workspace, { settings }: AnswerPorts): AgentAnswer['plan'] {
  const { include, exclude, fileBytesMax, wakeImage } = workspace.spec;
  return {
    everyMs: intervalOf(workspace.spec, settings),
    include: [...include],
    exclude: [...exclude],
    fileBytesMax,
    image: wakeImage,
  };
}

/** Numbers are taken one after the other, before the backup that uses them looks at its first file. */
async function freshTickets(
  status: Known,
  machine: Machine,
  workspace: Workspace,
  ports: AnswerPorts,
): Promise<Ticket[]> {
  const { tickets } = ports.settings.agent;
  if (status.tickets > tickets / 2) return [];
  const wanted = tickets - status.tickets;
  const counted = await update(ports.store, 'workspaces', workspace.id, (row) => ({
    ...row,
    sequence: row.sequence + wanted,
  }));
  const last = counted?.sequence ?? 0;
  const numbers = Array.from({ length: wanted }, (_, i) => last - wanted + 1 + i);
  return await Promise.all(
    numbers.map(async (sequence) => await ticketFor(ports.newId('draft'), sequence, machine, ports)),
  );
}

async function ticketFor(
  draft: string,
  sequence: number,
  machine: Machine,
  ports: AnswerPorts,
  lastsMs = ports.settings.save.credentialsMs,
): Promise<Ticket> {
  return {
    sequence,
    draft,
    manifestUrl: await ports.storage.presign('PUT', draftManifestKey(machine.workspace, machine.id, draft), lastsMs),
    until: ports.clock.now() + lastsMs,
  };
}

/**
 * Leave for one last backup without us. Its number is only a floor: when its proof is found the machine is gone, and the
 * snapshot is given the next number then. Somebody who asked to keep it awake is obeyed without us too, and a workspace that
 * never falls asleep by itself does not end: it is only saved.
 */
async function watchdogFor(
  machine: Machine,
  workspace: Workspace,
  ports: AnswerPorts,
  before: AgentAnswer['watchdog'],
): Promise<AgentAnswer['watchdog']> {
  const { clock, settings, storage, marketplaces } = ports;
  const lastsMs = Math.max(settings.save.credentialsMs, aloneMs(workspace, ports));
  const marketplace = marketplaces.get(machine.marketplace);
  const stays = machine.instance === null || !rulesFor(workspace, settings).hibernate;
  const end = stays ? null : ((await marketplace?.endCall(machine.instance)) ?? null);
  const itself = stays || end ? null : (marketplace?.endItself?.(machine.instance) ?? null);
  const fresh = { silentMs: silentMs(workspace, ports), end, itself };
  // To sign addresses is most of what a heartbeat costs, and those of the last one are as good for as long as they last.
  const lasts = before !== null && before.ticket.until - clock.now() > Math.max(lastsMs / 2, aloneMs(workspace, ports));
  if (lasts && before.ticket.sequence === workspace.sequence) return { ...before, ...fresh };
  return {
    ...fresh,
    ticket: await ticketFor('watchdog', workspace.sequence, machine, ports, lastsMs),
    proofUrl: await storage.presign('PUT', watchdogProofKey(workspace.id, machine.id), lastsMs),
  };
}

/** For so long it waits for us; a wish to keep it awake holds without us too. */
function silentMs({ keep }: Workspace, { clock, settings }: AnswerPorts): number {
  return Math.max(settings.agent.watchdogMs, (keep?.until ?? 0) - clock.now());
}

/** What it was given must last from our last word until it has saved itself. */
function aloneMs(workspace: Workspace, ports: AnswerPorts): number {
  const { save, agent } = ports.settings;
  return Math.max(agent.renewMs, silentMs(workspace, ports) + save.timeoutMs);
}

async function settledOf(
  status: Known,
  ports: AnswerPorts,
): Promise<{ readonly settled: string[]; readonly refused: string[] }> {
  const rows = await Promise.all(
    status.taken.map(async ({ snapshot }) => await ports.store.read('snapshots', snapshot)),
  );
  const entered = rows.filter((row) => row !== null);
  return {
    settled: entered.map(({ id }) => id),
    refused: entered.filter(({ provedAt }) => provedAt === null).map(({ id }) => id),
  };
}

function jobsOf(machine: Machine, workspace: Workspace): JobOrder[] {
  const jobs = workspace.jobs
    .filter((job) => job.machine === machine.id)
    .map((job) => ({ id: job.operation, argv: [...job.argv] }));
  const { afterWake } = workspace.spec;
  const due = afterWake !== null && machine.complete && machine.entered.running !== undefined;
  return due ? [{ id: afterWakeJob(machine.epoch ?? 0), argv: ['/bin/bash', '-lc', afterWake] }, ...jobs] : jobs;
}

function noticeOf(machine: Machine, workspace: Workspace): AgentAnswer['notice'] {
  const { warned } = machine;
  if (!warned) return null;
  const text =
    `Dumont: ${workspace.id} is saved and put to sleep in ${duration(warned.actsAt - warned.at)} (${warned.why}); ` +
    `"dumont keep ${workspace.id} 1h" keeps it awake.`;
  return { id: `idle-${warned.at}`, text };
}

async function newerProgram(status: Known, ports: AnswerPorts): Promise<AgentAnswer['program']> {
  const { tools } = await ports.kit();
  const agent = tools.find((tool) => tool.name === 'agent');
  if (!agent || status.program === null || agent.sha256 === status.program) return null;
  return { sha256: agent.sha256, url: await ports.storage.presign('GET', agent.key, PROGRAM_URL_MS) };
}

const PROGRAM_URL_MS = 60 * 60_000;
