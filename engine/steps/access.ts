import { PROTOCOL, type RestoreOrder } from '../domain/agent-protocol.ts';
import type { RepositoryAccess } from '../domain/agent-shapes.ts';
import { manifestKey, repositoryPrefix, repositoryUrl } from '../domain/layout.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports } from '../domain/ports.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Workspace } from '../domain/workspace.ts';

/** What a machine that holds the claim is given: its own workspace's repository, for a while, and nothing else. */
export async function repositoryAccess(
  workspace: Workspace,
  ports: Pick<Ports, 'storage' | 'repositories' | 'settings'>,
  lastsMs = 0,
): Promise<RepositoryAccess> {
  const { storage, repositories, settings } = ports;
  return {
    url: repositoryUrl(storage.endpoint, storage.bucket, workspace.id),
    region: storage.region,
    password: await repositories.password(workspace),
    credentials: await storage.issue({
      prefix: repositoryPrefix(workspace.id),
      access: 'write',
      ttlMs: Math.min(CREDENTIALS_MS_MAX, Math.max(settings.save.credentialsMs, lastsMs)),
    }),
    connections: settings.save.connections,
  };
}

/** How an order names a snapshot: with addresses that open its list of files for a while. */
export async function whereIs(
  { id, workspace, contentHash, manifestBase }: Snapshot,
  { storage, settings }: Pick<Ports, 'storage' | 'settings'>,
): Promise<NonNullable<RestoreOrder['snapshot']>> {
  const open = async (snapshot: string): Promise<string> =>
    await storage.presign('GET', manifestKey(workspace, snapshot), settings.save.credentialsMs);
  return { id, contentHash, manifestUrl: await open(id), baseUrl: manifestBase && (await open(manifestBase)) };
}

/** What R2 and S3 give out at most. */
export const CREDENTIALS_MS_MAX = 7 * 24 * 3_600_000;

export const orderBase = (machine: Machine) => ({
  protocol: PROTOCOL,
  workspace: machine.workspace,
  machine: machine.id,
});
