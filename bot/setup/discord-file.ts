import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { Failure, reasonOf } from '../../engine/domain/failures.ts';
import { Secret } from '../../engine/domain/secret.ts';
import { writeWhole } from '../../engine/files/whole-file.ts';
import type { Placed } from '../placing.ts';

/** What "dumont discord setup" found out. Only its owner can read it: there is a token in it. */
const Kept = z.object({
  token: z.string().min(1),
  guild: z.string().regex(/^\d+$/).nullable(),
  channel: z.string().regex(/^\d+$/).nullable(),
  /** When; files of older versions do not say. */
  at: z.number().default(0),
});
export type Kept = z.infer<typeof Kept>;

const PRIVATE_FOLDER = 0o700;
const fileIn = (home: string): string => join(home, 'discord.json');

/** Null: nobody has set up a bot here. */
export async function readDiscordFile(home: string): Promise<{
  readonly token: Secret;
  readonly first: Placed | null;
} | null> {
  const file = fileIn(home);
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return null;
    throw cause;
  });
  if (text === null) return null;
  try {
    const { token, guild, channel, at } = Kept.parse(JSON.parse(text));
    return { token: new Secret(token), first: guild === null || channel === null ? null : { guild, channel, at } };
  } catch (cause) {
    throw new Failure('bad_setting', { why: `  ${file}: ${reasonOf(cause)}` }, { cause });
  }
}

export async function writeDiscordFile(home: string, kept: Kept): Promise<string> {
  const file = fileIn(home);
  await mkdir(home, { recursive: true, mode: PRIVATE_FOLDER });
  writeWhole(file, `${JSON.stringify(kept, null, 2)}\n`);
  return file;
}
