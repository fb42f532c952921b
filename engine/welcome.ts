import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dumont } from './main.ts';
import type { Config } from './process/config.ts';

/** What a person reads who starts it. Where nobody sits in front, what is secret goes to a file: a journal keeps all it gets. */
export async function welcome(
  { url, first, bot }: Pick<Dumont, 'url' | 'first' | 'bot'>,
  config: Pick<Config, 'home' | 'storage' | 'local' | 'marketplaces'>,
  isSeen: boolean,
): Promise<string> {
  const storage = config.storage ? `${config.storage.endpoint}/${config.storage.bucket}` : `local, in ${config.home}`;
  return [
    `Dumont runs at ${url}. Storage: ${storage}. ${marketplace(config)}`,
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

/** Beside a real one that has GPUs the local marketplace offers nothing; Google has only machines without one. */
function marketplace({ marketplaces: { vast, runpod, gcp }, local }: Pick<Config, 'local' | 'marketplaces'>): string {
  const real = [...(vast ? ['vast.ai'] : []), ...(runpod ? ['RunPod'] : [])];
  const standbys = gcp ? ' Standbys are rented at Google Cloud and cost real money.' : '';
  return real.length === 0
    ? `Marketplace: local, ${local.timeScale} times faster than real ones.${standbys}`
    : `Marketplace: ${real.join(' and ')}; every wake rents there and costs real money.${standbys}`;
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
  let file = join(home, 'first-login.txt');
  // One that an earlier start left is not written over: it may hold another recovery key.
  for (let number = 2; existsSync(file); number++) file = join(home, `first-login-${number}.txt`);
  await writeFile(file, `${shown(first).join('\n')}\n`, { mode: 0o600, flag: 'wx', flush: true });
  return [`The first password and the recovery key are in ${file}. Keep them elsewhere, and remove it.`];
}
