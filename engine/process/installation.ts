import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { Failure, reasonOf } from '../domain/failures.ts';
import { writeWhole } from '../files/whole-file.ts';

const Installation = z.object({
  /** Part of every label, so that two installations on one account never touch each other's machines. */
  id: z.string().regex(/^[a-z0-9]{8}$/),
  /** Machines that outlive the engine must find the local object server where it was. */
  storagePort: z.number().int(),
  storageKey: z.object({ accessKeyId: z.string(), secretAccessKey: z.string() }),
});
export type Installation = z.infer<typeof Installation>;

/** What makes this installation itself. Made at the first start; its file is readable by its owner alone. */
export async function readInstallation(home: string, freePort: () => Promise<number>): Promise<Installation> {
  const file = join(home, 'installation.json');
  await makeFolder(home);
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return null;
    throw new Failure('bad_setting', { why: `${file}: ${reasonOf(cause)}` }, { cause });
  });
  if (text !== null) return parse(text, file);
  const made: Installation = {
    id: randomBytes(4).toString('hex'),
    storagePort: await freePort(),
    storageKey: { accessKeyId: randomBytes(16).toString('hex'), secretAccessKey: randomBytes(32).toString('hex') },
  };
  writeWhole(file, `${JSON.stringify(made, null, 2)}\n`, { durable: true });
  return made;
}

/** It takes the name of the one it was recovered from, or it would take that one's machines for another's. */
export async function nameInstallation(home: string, id: string): Promise<void> {
  const file = join(home, 'installation.json');
  const installation = parse(await readFile(file, 'utf8'), file);
  writeWhole(file, `${JSON.stringify(Installation.parse({ ...installation, id }), null, 2)}\n`, { durable: true });
}

/** As `mkdir -p`, which Node's own never ends where a parent refuses to hold anything, such as /proc. */
async function makeFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => cause);
  if (made === undefined || made.code === 'EEXIST') return;
  const parent = dirname(folder);
  if (made.code === 'ENOENT' && parent !== folder && !existsSync(parent)) {
    await makeFolder(parent);
    return await makeFolder(folder);
  }
  throw new Failure(
    'bad_setting',
    { why: `  DUMONT_HOME: ${folder} cannot be made: ${made.message}` },
    { cause: made },
  );
}

function parse(text: string, file: string): Installation {
  try {
    return Installation.parse(JSON.parse(text));
  } catch (cause) {
    throw new Failure('bad_setting', { why: `${file} is damaged: ${reasonOf(cause)}` }, { cause });
  }
}
