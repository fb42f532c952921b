import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import type { Chamber } from './chamber.ts';
import type { MachineFiles } from './spec.ts';

/** Runs the order's boot script inside, to its end. What it prints is the boot log. */
export async function runBootScript(
  chamber: Chamber,
  files: MachineFiles,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const log = createWriteStream(files.bootLog, { flags: 'a' });
  const script = join(chamber.prefix, '/opt/dumont/boot.sh');
  const { child } = chamber.run(['/bin/bash', '-c', 'exec /bin/bash "$0" 2>&1', script], environment);
  child.stdin.end();
  child.stdout.pipe(log, { end: false });
  const [code, name] = await once(child, 'close').catch((cause) => [String(cause), null]);
  log.end(code === 0 ? '' : `boot script ended with ${name ?? code}\n`);
}
