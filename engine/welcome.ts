import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from './config.ts';
import type { Dumont } from './main.ts';

/** What a person reads who starts it. Where nobody sits in front, what is secret goes to a file: a journal keeps all it gets. */
export async function welcome(
  { url, first, bot }: Pick<Dumont, 'url' | 'first' | 'bot'>,
  config: Pick<Config, 'home' | 'storage' | 'local'>,
  isSeen: boolean,
): Promise<string> {
  const storage = config.storage ? `${config.storage.endpoint}/${config.storage.bucket}` : `local, in ${config.home}`;
  return [
    `Dumont runs at ${url}. Storage: ${storage}. Marketplace: local, ${config.local.timeScale} times faster than real ones.`,
    ...(first ? ['', ...(isSeen ? shown(first) : await written(first, config.home))] : []),
    '',
    'Next, in another terminal:',
    '  npx dumont create lab      describe a workspace',
    '  npx dumont wake lab        race five machines for it',
    '  npx dumont ssh lab         work on it; leave files in /workspace',
    '  npx dumont hibernate lab   saved, proved, destroyed',
    '  npx dumont help            everything else',
    ...(bot === 'none' ? ['  npx dumont discord setup   the same from Discord'] : []),
    ...(bot === 'mute' ? ['', MUTE] : []),
    '',
    'Ctrl-C stops the engine; nothing is lost.',
  ].join('\n');
}

const MUTE =
  'Its bot in Discord has no channel, so nobody hears of warnings and alerts: type "/settings channel:" there and choose one.';

type First = NonNullable<Dumont['first']>;

function shown({ name, password, recoveryKey }: First): readonly string[] {
  return [
    `The first account is "${name}", its password ${password}`,
    'It is shown this once. On this computer you need none; for others see "npx dumont login --help".',
    '',
    `The recovery key is ${recoveryKey}`,
    'Keep it elsewhere: with it and your storage everything comes back ("npx dumont recover"); without it, nothing.',
  ];
}

async function written(first: First, home: string): Promise<readonly string[]> {
  const file = join(home, 'first-login.txt');
  await writeFile(file, `${shown(first).join('\n')}\n`, { mode: 0o600, flag: 'wx', flush: true });
  return [`The first password and the recovery key are in ${file}. Keep them elsewhere, and remove it.`];
}
