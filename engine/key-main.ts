import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Failure, isFailure } from './domain/failures.ts';
import { readConfig } from './process/config.ts';
import { confirmCopy, confirmNext, nextRecoveryKey } from './storage/key-files.ts';

/** What can be done with the master key's files on the computer that they lie on. What is typed comes on standard input. */
const ACTIONS: Readonly<Record<string, (file: string) => Promise<unknown>>> = {
  next: async (file) => ({ recoveryKey: await nextRecoveryKey(file) }),
  'confirm-next': async (file) => await confirmNext(file, await firstLine()),
  confirm: async (file) => await confirmCopy(file, await firstLine()),
};

async function firstLine(): Promise<string> {
  for await (const line of createInterface({ input: process.stdin })) return line;
  return '';
}

try {
  const act = ACTIONS[process.argv[2] ?? ''];
  if (!act) throw new Failure('bad_request', { why: `one of ${Object.keys(ACTIONS).join(', ')} is needed` });
  // biome-ignore lint/style/noProcessEnv: a program of its own reads its environment once.
  const { home } = readConfig({ DUMONT_HOME: process.env.DUMONT_HOME, HOME: process.env.HOME });
  process.stdout.write(`${JSON.stringify((await act(join(home, 'master.key'))) ?? {})}\n`);
} catch (cause) {
  process.stderr.write(`${isFailure(cause) ? cause.message : String(cause)}\n`);
  process.exitCode = isFailure(cause) ? cause.row.exit : 70;
}
