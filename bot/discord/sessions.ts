import type { SessionInfo } from '@discordjs/ws';
import type { GatewaySession } from '../../engine/domain/discord.ts';
import { reasonOf } from '../../engine/domain/failures.ts';
import type { Log, Store } from '../../engine/domain/ports.ts';

/**
 * Where each shard stands: in memory as the connection sees it, and in the store as far as everything before is taken care
 * of. After a restart the gateway sends again from there, so that no click is lost between two processes.
 */
export async function keepSessions(store: Store, log: Log) {
  const live = new Map<number, SessionInfo>();
  const open = new Map<number, Set<number>>();
  /** The last number of each shard that somebody took up. */
  const last = new Map<number, number>();
  let closed = false;
  let writing: Promise<void> = Promise.resolve();
  const dirty = new Set<number>();

  for (const row of await store.list('gateway-sessions')) {
    const { session: sessionId, sequence, resumeUrl: resumeURL, shards: shardCount } = row;
    live.set(Number(row.id), { sessionId, sequence, resumeURL, shardCount, shardId: Number(row.id) });
    last.set(Number(row.id), sequence);
  }

  function save(shard: number): void {
    if (dirty.has(shard)) return;
    dirty.add(shard);
    writing = writing.then(async () => {
      dirty.delete(shard);
      const id = String(shard);
      const before = await store.read('gateway-sessions', id);
      const info = live.get(shard);
      if (info) await store.save('gateway-sessions', rowOf(info, before?.version ?? 0, safe(shard)));
      else if (before) await store.remove('gateway-sessions', before);
    });
    writing = writing.catch((cause: unknown) => log('discord.session_not_kept', { why: reasonOf(cause) }, 'WARNING'));
  }

  function safe(shard: number): number {
    const unfinished = open.get(shard);
    return unfinished && unfinished.size > 0 ? Math.min(...unfinished) - 1 : (last.get(shard) ?? 0);
  }

  return {
    retrieve: (shard: number): SessionInfo | null => live.get(shard) ?? null,

    update(shard: number, info: SessionInfo | null): void {
      if (closed) return; // the connection ends with us, and forgets what the next start needs
      const before = live.get(shard);
      if (info) live.set(shard, info);
      else live.delete(shard);
      if (info?.sessionId === before?.sessionId) return;
      open.delete(shard);
      last.set(shard, info?.sequence ?? 0);
      save(shard);
    },

    /** Something came that must be taken care of; what is returned says that it was. */
    begin(shard: number, sequence: number): () => void {
      const unfinished = open.get(shard) ?? new Set();
      open.set(shard, unfinished.add(sequence));
      last.set(shard, Math.max(sequence, last.get(shard) ?? 0));
      return () => {
        if (closed) return;
        unfinished.delete(sequence);
        save(shard);
      };
    },

    close(): void {
      closed = true;
    },
    settled: async (): Promise<void> => await writing,
  };
}

function rowOf(info: SessionInfo, version: number, sequence: number): GatewaySession {
  const { sessionId: session, resumeURL: resumeUrl, shardCount: shards, shardId } = info;
  return { id: String(shardId), version, session, resumeUrl, shards, sequence };
}
