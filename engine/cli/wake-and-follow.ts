import { perHour } from '../domain/money.ts';
import type { InstanceJson } from '../http/json/instance.ts';
import type { OperationJson } from '../http/json/operation.ts';
import { type Asking, begun } from './ask-and-conclude.ts';
import { askAndFollow, conclude, stoppedFollowing } from './follow.ts';
import { duration, timeOf } from './words.ts';

/** What `wake` and `restore` have in common: the race, the files, and the line that opens a shell. */
export async function wakeAndFollow(
  workspace: string,
  ask: () => Promise<OperationJson>,
  { engine, screen, signal, detach }: Asking,
): Promise<number> {
  if (detach) return begun(await ask(), screen);
  const ended = await askAndFollow(workspace, ask, { engine, screen, signal });
  if (ended === null) return stoppedFollowing({ verb: 'wake', workspace }, screen);
  if (!ended.outcome?.ok) return conclude(ended, screen);
  const { machine } = await engine.get<InstanceJson>(`/api/v1/instances/${workspace}`, {}, signal);
  return conclude(ended, screen, ...(machine ? whereLines(ended, machine) : []));
}

function whereLines(ended: OperationJson, machine: NonNullable<InstanceJson['machine']>): string[] {
  const { offer, complete, restored_snapshot_id: restored } = machine;
  const ms = timeOf(ended.ended_at ?? ended.started_at) - timeOf(ended.started_at);
  const what = `${offer.gpu_count}× ${offer.gpu}, ${perHour(offer.dollars_per_hour)}`;
  return [
    `  on ${offer.host}, ${offer.region}: ${what}, after ${duration(ms)}`,
    ...(complete || restored === null
      ? []
      : [`  the last files are still arriving: dumont logs ${ended.instance_id} --follow --progress`]),
    `  dumont ssh ${ended.instance_id}`,
  ];
}
