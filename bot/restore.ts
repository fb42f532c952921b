import { newestGood, type Snapshot } from '../engine/domain/snapshot.ts';
import type { Call } from './command.ts';
import type { Message } from './discord/message.ts';
import { plain } from './discord/message.ts';

/** What every way to restore asks before, and does after: the next wake starts from this snapshot. */
export async function askToRestore(call: Call<{ readonly workspace: string }>, snapshot: Snapshot): Promise<Message> {
  const { options, engine, words, confirm, signal } = call;
  const newest = newestGood(await engine.snapshots(options.workspace));
  const older = newest !== null && newest.contentHash !== snapshot.contentHash;
  const how = { onto: 'new', snapshot: snapshot.id } as const;
  const setsAside = older ? (await engine.restorePlan(options.workspace, how, signal)).setsAside : null;
  const question = words.confirm.restore(plain(options.workspace), snapshot, setsAside);
  return await confirm(question, null, { chosen: snapshot.id });
}

export async function restoreChosen({
  options,
  engine,
  asked,
  follow,
}: Call<{ readonly workspace: string }>): Promise<Message> {
  const { workspace, chosen } = options as { workspace: string; chosen?: string };
  return await follow(await engine.wake(workspace, { snapshot: chosen ?? '', setAside: true }, asked));
}
