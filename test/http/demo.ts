import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { served } from './served.ts';

/**
 * The command line's stories to look at, without an engine: `node test/http/demo.ts --home DIR`, and in another
 * terminal `DUMONT_HOME=DIR node engine/cli/dumont.js wake lab`. "slow" needs two rounds; "unlucky" gets nobody.
 */
const { values } = parseArgs({
  options: { home: { type: 'string', default: join(tmpdir(), 'dumont-demo') }, pace: { type: 'string', default: '1' } },
});
const names = ['lab', 'slow', 'unlucky', 'a-workspace-with-quite-a-long-name'];
await using demo = await served({ pace: Number(values.pace), names, home: values.home });
process.stdout.write(`${demo.url()}\n`);
await new Promise((resolve) => {
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, resolve);
});
