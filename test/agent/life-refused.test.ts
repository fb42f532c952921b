import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { resticProgram } from '../restic/which-restic.ts';
import { livingMachine, openEar, runOrder, write } from './living.ts';
import { openWorld, type World } from './machine.ts';

const resticTest = test.skipIf(resticProgram === null);
const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync(), 30_000);
let world: World;

beforeAll(async () => {
  if (resticProgram !== null) world = stack.use(await openWorld());
});

/** Signed by an engine whose clock was ahead, say: they look good for hours, and storage takes none of them. */
resticTest('credentials that storage refuses are not good until they end: others are asked for', async () => {
  const { program, forgive } = refusingRestic(world);
  const machine = await livingMachine(world, stack, 'refused', program);
  await using ear = await openEar();
  write(machine, { 'workspace/a': 'first' });
  await machine.run('run', runOrder(world, ear.url));
  const refused = await ear.until((status) => status.backup.failures > 0);
  expect(refused.credentialsUntil).toBe(null);

  forgive();
  const expiresAt = Date.now() + 7_200_000;
  ear.answer = { repository: { ...world.repository, credentials: { ...world.repository.credentials, expiresAt } } };
  const taken = await ear.until((status) => status.taken.length > 0);
  expect(taken).toMatchObject({ credentialsUntil: expiresAt, backup: { failures: 0 } });
});

function refusingRestic({ folder }: World): { program: string; forgive: () => void } {
  const program = join(folder, 'refusing-restic');
  const words = '{"message_type":"exit_error","code":1,"message":"Fatal: Stat: InvalidToken"}';
  const refuse = `if [ -e ${program}.on ]; then echo '${words}' >&2; exit 1; fi`;
  writeFileSync(program, `#!/bin/sh\ncase "$*" in *backup*) ${refuse};; esac\nexec ${resticProgram} "$@"\n`, {
    mode: 0o755,
  });
  writeFileSync(`${program}.on`, '');
  return { program, forgive: () => rmSync(`${program}.on`) };
}
