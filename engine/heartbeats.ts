import type { Duplex } from 'node:stream';
import { Failure } from './domain/failures.ts';
import type { AgentAnswer, AgentStatus } from './domain/heartbeat.ts';
import type { Machine } from './domain/lifecycle.ts';
import type { Heard, Heartbeats, Ports } from './domain/ports.ts';
import { isSameSecret } from './domain/same-secret.ts';
import type { IdleRules, Workspace } from './domain/workspace.ts';
import { observe, type Seen } from './policy/activity.ts';
import { hibernation, rulesFor } from './policy/hibernation.ts';
import { answerTo } from './steps/answer.ts';
import { workspaceBell } from './steps/step.ts';

export interface Hearing {
  /** Where machines reach us by HTTP, if they do. */
  readonly url: string | null;
  /** Makes a mark that nobody else can make. */
  readonly sign: (text: string) => string;
  /** Makes what serves the one route on connections. */
  readonly serving: (ear: Pick<Heartbeats, 'knows' | 'hear'>) => (connection: Duplex) => void;
  /** Told of each: was it one of ours? */
  readonly heard?: (known: boolean) => void;
}

/** Keeps what machines say, for as long as this process lives, and answers them. Nothing here acts on a machine. */
export function createHeartbeats(
  ports: Omit<Ports, 'heartbeats'>,
  { url, sign, serving, heard: onHeard = () => undefined }: Hearing,
): Heartbeats {
  const listeningSince = ports.clock.now();
  const heard = new Map<string, Remembered>();
  /** What each was told to do without us. */
  const orders = new Map<string, AgentAnswer['watchdog']>();

  const heartbeats: Heartbeats = {
    url,
    tokenFor: (machine, epoch) => `${machine}.${epoch}.${sign(`${machine}.${epoch}`)}`,
    knows(token) {
      const signed = token.slice(0, Math.max(0, token.lastIndexOf('.')));
      const known = isSameSecret(token, `${signed}.${sign(signed)}`);
      if (!known) onHeard(false);
      return known;
    },

    async hear(token, status) {
      const { machine, workspace } = await speaker(token, status).catch((cause: unknown) => {
        onHeard(false);
        throw cause;
      });
      onHeard(true);
      const now = ports.clock.now();
      const rules = rulesFor(workspace, ports.settings);
      const before = heard.get(machine.id) ?? null;
      const seen = observe(before?.seen ?? null, status, rules, now);
      const linesHeard = noteLines(before, status, machine, now);
      heard.set(machine.id, { status: withoutLines(status), at: now, seen, linesHeard });
      ports.bell.ring(workspaceBell(workspace.id));
      const answer = await answerTo(status, machine, workspace, ports, orders.get(machine.id) ?? null);
      orders.set(machine.id, answer.watchdog);
      return { ...answer, linesHeard };
    },

    latest: (machine) => heard.get(machine) ?? null,

    idle(machine, workspace) {
      const last = heard.get(machine.id) ?? null;
      return hibernation({
        seen: last?.seen ?? null,
        rules: machine.restAfter ? atRest(rulesFor(workspace, ports.settings)) : rulesFor(workspace, ports.settings),
        usableAt: wokenAt(machine, workspace),
        jobEndedAt: last && jobEndedAt(last),
        keep: workspace.keep,
        jobs: workspace.jobs,
        heardAt: last?.at ?? null,
        listeningSince,
        silentMs: ports.settings.agent.silentMs,
        complete: machine.complete,
        now: ports.clock.now(),
      });
    },

    forget(machine) {
      heard.delete(machine);
      orders.delete(machine);
    },
    serve: (connection) => serve(connection),
  };
  const serve = serving(heartbeats);
  return heartbeats;

  /** Those that were not noted yet go into the log of its workspace. Returns the number of the last one. */
  function noteLines(before: Remembered | null, status: AgentStatus, machine: Machine, now: number): number {
    const same = before?.status.startedAt === status.startedAt;
    let last = same ? before.linesHeard : 0;
    for (const { number, at, level, event, facts } of status.lines?.slice(0, LINES_MAX) ?? []) {
      if (number <= last) continue;
      last = number;
      ports.logs.note(machine.workspace, { at: at + now - status.at, level, event, by: machine.id, facts });
    }
    return last;
  }

  /** A stranger does not learn which part of it was wrong. */
  async function speaker(token: string, status: AgentStatus): Promise<{ machine: Machine; workspace: Workspace }> {
    const stranger = new Failure('unauthorized', { file: 'its order to run' });
    if (!isSameSecret(token, heartbeats.tokenFor(status.machine, status.epoch))) throw stranger;
    const machine = await ports.store.read('machines', status.machine);
    const workspace = machine && (await ports.store.read('workspaces', machine.workspace));
    // After its last save nothing that it says counts: it stands still, and ends.
    if (!machine || !workspace || machine.state === 'gone' || machine.sealed) throw stranger;
    return { machine, workspace };
  }
}

interface Remembered extends Heard {
  readonly seen: Seen;
  readonly linesHeard: number;
}

/** They are in the log, and nobody else asks for them. */
function withoutLines({ lines: _, ...status }: AgentStatus): AgentStatus {
  return status;
}

const LINES_MAX = 500;

/** Somebody said to sleep after a program: only who is there right now keeps it up. */
function atRest(rules: IdleRules): IdleRules {
  return { ...rules, hibernate: true, idleMs: Math.min(rules.idleMs, REST_MS), firstMs: 0 };
}

const REST_MS = 30_000;

/** By the engine's clock. */
function jobEndedAt({ status, at }: Heard): number | null {
  const ends = status.jobs.flatMap(({ endedAt }) => endedAt ?? []);
  return ends.length === 0 ? null : Math.min(at, Math.max(...ends) + (at - status.at));
}

/** A person who wants it awake counts as much as one who just woke it. */
function wokenAt(machine: Machine, { wish }: Workspace): number {
  const wanted = wish.want === 'awake' && wish.by !== 'dumont' ? wish.at : 0;
  return Math.max(machine.entered.running ?? machine.since, wanted);
}
