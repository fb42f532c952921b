import { expect, test } from 'vitest';
import type { RunOrder } from '../../engine/domain/agent-protocol.ts';
import { agentCommand } from '../../engine/remote/agent-command.ts';

const run = (url: string | null): RunOrder => ({
  protocol: 2,
  workspace: 'lab',
  machine: 'm1',
  verb: 'run',
  epoch: 1,
  heartbeat: { url, token: 'a-token' },
  answer: {
    now: 0,
    heartbeatMs: 10_000,
    plan: null,
    repository: null,
    tickets: [],
    settled: [],
    watchdog: null,
    idle: null,
    jobs: [],
    notice: null,
    program: null,
  },
});

/** The end of its standard input is how it learns that the engine hung up. */
test('an agent that is heard over its own streams keeps its standard input; one that has an address needs it no more', () => {
  expect(agentCommand(run(null), 1_000).converse).toBe(true);
  expect(agentCommand(run('http://127.0.0.1:1/'), 1_000).converse).toBe(false);
});
