import * as z from 'zod';

/** What orders, events and heartbeats have in common. */

export const SHA256 = /^[0-9a-f]{64}$/;
export const Sha256 = z.string().regex(SHA256);

export const Repository = z.object({
  /** `s3:http://host:port/bucket/prefix` */
  url: z.string(),
  region: z.string(),
  password: z.string(),
  credentials: z.object({
    accessKeyId: z.string(),
    secretAccessKey: z.string(),
    sessionToken: z.string(),
    expiresAt: z.number(),
  }),
  connections: z.number().int(),
});
export type RepositoryAccess = z.infer<typeof Repository>;

export const AtRisk = z.object({
  /**
   * `over-cap` and `unreadable` name files that are not in the snapshot; `unlisted` a folder of which nobody knows what is not
   * in it; `git` the objects of a repository that somebody works in, left out by a rule of the workspace's own; `other-mount`
   * a file system of its own, below a backed-up directory or anywhere else.
   */
  kind: z.enum(['over-cap', 'unreadable', 'unlisted', 'git', 'other-mount']),
  path: z.string(),
  sizeBytes: z.number(),
  why: z.string(),
});
export type AtRisk = z.infer<typeof AtRisk>;

/** A line of an ignore file that can never match anything; one of the workspace's own patterns has no file. */
export const BadLine = z.object({ file: z.string(), number: z.number().int(), line: z.string(), why: z.string() });
export type BadLine = z.infer<typeof BadLine>;
