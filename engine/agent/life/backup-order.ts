import type { Ticket } from '../../domain/heartbeat.ts';
import type { BackupOrder } from './backup-talk.ts';
import type { Memory } from './memory.ts';
import type { Standing } from './standing.ts';

/** Null while the engine wants no backups. `restored`: the snapshot that was brought here. */
export function backupOrder(
  { answer, repository, order, clock }: Standing,
  { parent, base }: Memory,
  restored: string | null,
  ticket: Ticket | null,
  image: boolean,
): BackupOrder | null {
  const { plan } = answer;
  if (!plan || !repository) return null;
  const { workspace, machine, epoch } = order;
  const { include, exclude, fileBytesMax } = plan;
  return {
    ...{ workspace, machine, epoch, repository, include, exclude, fileBytesMax, ticket, image },
    parent: parent ?? restored,
    base: base && base.changes < CHANGES_MAX ? base.snapshot : null,
    time: clock.now(),
  };
}

/** Then a whole one is made again, so that an old one is not needed for ever. */
const CHANGES_MAX = 30;
