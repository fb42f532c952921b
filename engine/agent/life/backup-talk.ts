import * as z from 'zod';
import { AgentFailureCode, ImageWritten } from '../../domain/agent-protocol.ts';
import { BadLine, Repository, Sha256 } from '../../domain/agent-shapes.ts';
import { Taken } from '../../domain/heartbeat.ts';

/** What the agent that lives on the machine and its backups say to each other, a line of JSON each. */

export const BackupOrder = z.object({
  workspace: z.string(),
  machine: z.string(),
  epoch: z.number().int(),
  repository: Repository,
  parent: Sha256.nullable(),
  /** A snapshot in the catalogue whose whole manifest this one's may be a change of. */
  base: Sha256.nullable(),
  /** The engine's clock. */
  time: z.number(),
  include: z.array(z.string()),
  exclude: z.array(z.string()),
  fileBytesMax: z.number(),
  /** Null: there was none, so the engine will not hear of it; the work is in storage all the same. */
  ticket: z.object({ sequence: z.number().int(), draft: z.string(), manifestUrl: z.string() }).nullable(),
  /** Write a wake image of it, when it is in storage. */
  image: z.boolean(),
});
export type BackupOrder = z.infer<typeof BackupOrder>;

export const BackupTold = z.discriminatedUnion('say', [
  z.object({ say: z.literal('credentials'), credentials: Repository.shape.credentials }),
  /** The machine is wanted for something else: an image that is being written ends as far as it is. */
  z.object({ say: z.literal('enough') }),
]);
export type BackupTold = z.infer<typeof BackupTold>;

export const BackupSaid = z.discriminatedUnion('event', [
  z.object({
    event: z.literal('progress'),
    bytesDone: z.number(),
    bytesTotal: z.number(),
    filesDone: z.number(),
    filesTotal: z.number(),
  }),
  /** It is in storage, and so is its manifest if there was a ticket. */
  z.object({ event: z.literal('taken'), taken: Taken, badLines: z.array(BadLine) }),
  z.object({ event: z.literal('failed'), code: AgentFailureCode, why: z.string() }),
  /** After it was taken, of the image. */
  ImageWritten,
]);
export type BackupSaid = z.infer<typeof BackupSaid>;
