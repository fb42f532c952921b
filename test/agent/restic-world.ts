import { afterAll, test } from 'vitest';
import { resticProgram } from '../restic/which-restic.ts';
import { type Machine, openWorld, restoreOrder, type World } from './machine.ts';

/** What the tests of one file share; they are skipped where restic is missing, or what else they need. */
export async function resticWorld(needs?: 'linux') {
  const stack = new AsyncDisposableStack();
  afterAll(() => stack.disposeAsync(), 30_000);
  const can = resticProgram !== null && (needs === undefined || process.platform === needs);
  const world = can ? stack.use(await openWorld()) : (null as unknown as World);
  /** A machine of a workspace that is new. */
  const claimed = async (name: string, restic?: string): Promise<Machine> => {
    const machine = world.machine(name, restic);
    await machine.run('restore', restoreOrder(world));
    return machine;
  };
  return { can, resticTest: test.skipIf(!can), stack, world, claimed };
}
