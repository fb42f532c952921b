import { Failure } from '../../domain/failures.ts';
import { AgentAnswer, AgentStatus, HEARTBEAT_PATH } from '../../domain/heartbeat.ts';
import { route } from '../route.ts';

/** Where a public address is set the server answers before us; this is what it says, and what is said where there is none. */
export const agentRoutes = [
  route({
    method: 'post',
    path: HEARTBEAT_PATH,
    verb: null,
    say: 'What a machine says of itself; by a word of its own, and only where a public address is set',
    role: 'anyone',
    body: AgentStatus,
    answers: { 200: AgentAnswer },
    async answer() {
      throw new Failure('no_heartbeats');
    },
  }),
];
