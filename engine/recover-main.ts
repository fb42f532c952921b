import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isEmpty, type Recovered, recoverStore } from './backups/recovery.ts';
import { Failure, isFailure } from './domain/failures.ts';
import { specDefaults } from './domain/spec-defaults.ts';
import { freePort, openStorage, vaultPlaces } from './main.ts';
import { type Config, readConfig } from './process/config.ts';
import { withCredentials } from './process/credentials.ts';
import { nameInstallation, readInstallation } from './process/installation.ts';
import { masterKey, writeKeyFile } from './storage/master-key.ts';
import { readRecoveryKey } from './storage/recovery-key.ts';
import { s3Storage } from './storage/s3.ts';
import { openStore } from './store/open-store.ts';

/** Builds the store of an installation anew from its storage. Nothing is written before the key has opened something there. */
export async function recover(config: Config, key: Uint8Array, signal: AbortSignal): Promise<Recovered> {
  await using opening = new AsyncDisposableStack();
  const keyFile = join(config.home, 'master.key');
  const hex = Buffer.from(key).toString('hex');
  const there = await readFile(keyFile, 'utf8').catch(() => null);
  if (there !== null && there.trim() !== hex)
    throw new Failure('bad_setting', { why: `  another master key lies in ${keyFile}: move it away first` });
  const installation = await readInstallation(config.home, freePort);
  const folder = join(config.home, 'state');
  const store = opening.use(await openStore(folder));
  if (!(await isEmpty(store))) throw new Failure('store_not_empty', { folder });
  const place = await openStorage(config, installation, opening, () => undefined, signal);
  const places = [place, ...vaultPlaces(config, place)];
  const storages = places.map((one) => opening.use(s3Storage({ ...one, now: Date.now })));
  const { open: unseal } = masterKey(key);
  const recovered = await recoverStore(
    {
      storages,
      open: (sealed) => unseal(sealed, 'this installation'),
      store,
      specDefaults: specDefaults(config.settings),
      now: Date.now(),
    },
    signal,
  );
  if (there === null) await writeKeyFile(keyFile, key);
  await nameInstallation(config.home, recovered.installation);
  return recovered;
}

/** The key comes on standard input, since arguments are seen by everybody; what was found goes out as JSON. */
async function main(): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort(new Failure('stopping')));
  try {
    let line = '';
    for await (const first of createInterface({ input: process.stdin })) {
      line = first;
      break;
    }
    // biome-ignore lint/style/noProcessEnv: a program of its own reads its environment once.
    const recovered = await recover(readConfig(withCredentials(process.env)), readRecoveryKey(line), stop.signal);
    process.stdout.write(`${JSON.stringify(recovered)}\n`);
  } catch (cause) {
    process.stderr.write(`${isFailure(cause) ? cause.message : String(cause)}\n`);
    process.exitCode = isFailure(cause) ? cause.row.exit : 70;
  }
}

if (import.meta.main) await main();
