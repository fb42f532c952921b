import { z } from 'zod';
import type { WorkspaceSpec } from '../../domain/workspace.ts';
import { InstanceId } from './instance.ts';
import { NeedJson, needFrom } from './offer.ts';
import { type Present, present } from './wire.ts';

const Path = z
  .string()
  .min(1)
  .max(4096)
  .refine((path) => !path.includes('\0') && !path.split('/').includes('..'), 'a path has no ".." in it')
  .transform((path) => path.replace(/^\/+/, ''));

/** One OpenSSH public key. A line break in it would let it carry a second one. */
const PublicKey = z
  .string()
  .max(16_384)
  .regex(/^[a-z0-9@.-]+ [A-Za-z0-9+/]+={0,3}( [^\r\n]*)?$/, 'expected one line of an OpenSSH public key');
const PATHS_MAX = 1_000;

export const CreateJson = z.strictObject({
  id: InstanceId,
  image: z.string().min(1).max(500).optional(),
  need: NeedJson.optional(),
  disk_gb: z.number().positive().max(100_000).optional(),
  public_keys: z.array(PublicKey).max(100).optional(),
  environment: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().max(32_768)).optional(),
  ports: z.array(z.number().int().min(1).max(65_535)).max(100).optional(),
  include_paths: z.array(Path).max(PATHS_MAX).optional(),
  exclude_paths: z.array(z.string().min(1).max(4096)).max(PATHS_MAX).optional(),
  file_bytes_max: z.number().int().positive().optional(),
});
export type CreateJson = z.input<typeof CreateJson>;

export function specFrom(json: z.output<typeof CreateJson>): Present<WorkspaceSpec> {
  return present({
    image: json.image,
    need: json.need && needFrom(json.need),
    diskGb: json.disk_gb,
    publicKeys: json.public_keys,
    environment: json.environment,
    ports: json.ports,
    include: json.include_paths,
    exclude: json.exclude_paths,
    fileBytesMax: json.file_bytes_max,
  });
}
