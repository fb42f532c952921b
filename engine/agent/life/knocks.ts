import * as z from 'zod';
import { AgentOrder } from '../../domain/agent-protocol.ts';

/** What our other programs on this machine ask of the agent that lives there, as the first line of a connection. */
export const Knock = z.discriminatedUnion('say', [
  /** A new order from the engine. `attached`: the connection stays, and carries what the agent says. */
  z.object({ say: z.literal('run'), order: AgentOrder, attached: z.boolean(), already: z.boolean() }),
  /** Let a running backup end, and begin no other until this connection closes. */
  z.object({ say: z.literal('stand-aside'), sequence: z.number().int() }),
]);
export type Knock = z.infer<typeof Knock>;

/** What the agent says to one for whom it stands aside. */
export const AsideSaid = z.discriminatedUnion('say', [
  /** As soon as it is asked: a backup may have to end first. */
  z.object({ say: z.literal('busy') }),
  z.object({
    say: z.literal('progress'),
    progress: z.object({
      bytesDone: z.number(),
      bytesTotal: z.number(),
      filesDone: z.number(),
      filesTotal: z.number(),
    }),
  }),
  z.object({
    say: z.literal('aside'),
    /** How long ago the last backup that is in storage began. */
    durableAgoMs: z.number().nullable(),
    /** Something may have changed since. */
    changed: z.boolean(),
    /** The newest snapshot that was taken here. */
    parent: z.string().nullable(),
    /** The highest place in the catalogue that was used here before. */
    last: z.number().int(),
  }),
]);
export type AsideSaid = z.infer<typeof AsideSaid>;

/** What is said to the agent that stands aside. */
export const AsideSays = z.discriminatedUnion('say', [
  z.object({ say: z.literal('took'), snapshot: z.string() }),
  /** It was the last one: nothing moves any more, and no backup is needed. */
  z.object({ say: z.literal('kept-stopped') }),
]);
export type AsideSays = z.infer<typeof AsideSays>;
