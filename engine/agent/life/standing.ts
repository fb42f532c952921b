import type { RunOrder } from '../../domain/agent-protocol.ts';
import type { RepositoryAccess } from '../../domain/agent-shapes.ts';
import type { AgentAnswer } from '../../domain/heartbeat.ts';
import { type EngineClock, engineClock } from './engine-clock.ts';
import { upMs } from './moment.ts';
import type { Tickets } from './tickets.ts';

/** What the engine said last, of each thing. Secrets are in it: it is kept in memory and nowhere else. */
export interface Standing {
  order: RunOrder;
  answer: AgentAnswer;
  repository: RepositoryAccess | null;
  /** When the engine was last heard. */
  heardAt: number;
  readonly clock: EngineClock;
  readonly tickets: Tickets;
}

export function beginStanding(order: RunOrder, tickets: Tickets): Standing {
  const { answer } = order;
  tickets.add(answer.tickets);
  const clock = engineClock(answer.now);
  return { order, answer, repository: answer.repository, heardAt: upMs(), clock, tickets };
}

export function heed(standing: Standing, answer: AgentAnswer): void {
  standing.answer = answer;
  standing.clock.set(answer.now);
  standing.heardAt = upMs();
  standing.repository = answer.repository ?? standing.repository;
  standing.tickets.add(answer.tickets);
}
