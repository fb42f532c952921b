import * as z from 'zod';
import { Sha256 } from './agent-shapes.ts';
import { Taken } from './heartbeat.ts';

/**
 * What a machine leaves in storage when it saved itself while the engine was silent. The engine believes none of it: it
 * finds the snapshot by it, and looks for itself.
 */
export const WatchdogProof = z.object({
  protocol: z.number().int(),
  workspace: z.string(),
  machine: z.string(),
  taken: Taken,
  /**
   * `stand-still`: they do until the machine is gone, so this is all of its work. `go-on`: it was not ended after all, and
   * what is done later is not in it.
   */
  processes: z.enum(['stand-still', 'go-on']),
  /** Files whose bytes were read back from storage and were those on the disk. */
  compared: z.array(z.object({ path: z.string(), sha256: Sha256 })),
  /** The engine's clock as the machine knows it. */
  at: z.number(),
});
export type WatchdogProof = z.infer<typeof WatchdogProof>;
