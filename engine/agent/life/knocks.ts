import { z } from 'zod';
import { AgentOrder } from '../../domain/agent-protocol.ts';

/** What our other programs on this machine ask of the agent that lives there, as the first line of a connection. */
export const Knock = z.discriminatedUnion('say', [
  /** A new order from the engine. `attached`: the connection stays, and carries what the agent says. */
  z.object({ say: z.literal('run'), order: AgentOrder, attached: z.boolean(), already: z.boolean() }),
  /** Let a running backup end, and begin no other until this connection closes. */
  z.object({ say: z.literal('stand-aside'), sequence: z.number().int() }),
]);
export type Knock = z.infer<typeof Knock>;

/** Said on a connection for which it stands aside. */
export const AsideSaid = z.discriminatedUnion('say', [
  /** This snapshot, begun just after the agent stood aside, is in storage. */
  z.object({ say: z.literal('saved'), snapshot: z.string() }),
  /** It was the last one: nothing moves any more, and no backup is needed. */
  z.object({ say: z.literal('kept-stopped') }),
]);
export type AsideSaid = z.infer<typeof AsideSaid>;
