import type { OperationJson } from '../http/json/operation.ts';
import { askAndFollow, conclude, type Following, stoppedFollowing } from './follow.ts';
import type { Screen } from './screen.ts';

export interface Asking extends Following {
  readonly detach: boolean;
}

/** Asked for, and followed to its end unless it is to be left alone. */
export async function askAndConclude(
  workspace: string,
  verb: string,
  ask: () => Promise<OperationJson>,
  { engine, screen, signal, detach }: Asking,
): Promise<number> {
  if (detach) return begun(await ask(), screen);
  const ended = await askAndFollow(workspace, ask, { engine, screen, signal });
  return ended ? conclude(ended, screen) : stoppedFollowing({ verb, workspace }, screen);
}

/** Asked for, and left alone. */
export function begun(
  { verb, instance_id: name, ...rest }: OperationJson,
  screen: Screen,
  again = `dumont status ${name} --follow`,
): number {
  if (screen.json) screen.printJson({ verb, instance_id: name, ...rest });
  else screen.print(`The ${verb} of ${name} began. Follow it with "${again}".`);
  return 0;
}
