import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isFailure } from '../domain/failures.ts';
import type { Clock } from '../domain/ports.ts';
import { rentedFrom, standbysFrom } from '../marketplaces/table.ts';
import { readConfig } from '../process/config.ts';
import { withCredentials } from '../process/credentials.ts';
import { hasCopy } from '../storage/key-files.ts';
import {
  copiesFinding,
  diskFinding,
  marketplaceFinding,
  publicFinding,
  recoveryFinding,
  storageFindings,
} from './checks.ts';

/** What the settings of this computer lead to, as one JSON document. A program of its own: it alone reads their secrets. */
const signal = AbortSignal.timeout(60_000);
const clock: Clock = { now: Date.now, sleep: (ms, until) => sleep(ms, undefined, { signal: until }) };
try {
  // biome-ignore lint/style/noProcessEnv: the same environment as the engine's own start reads.
  const config = readConfig(withCredentials(process.env));
  const { storage } = config;
  const findings = await Promise.all([
    [await diskFinding(config.home)],
    recoveryFinding(await hasCopy(join(config.home, 'master.key'))),
    copiesFinding('/var/lib/dumont-host', Date.now),
    storage
      ? storageFindings(
          { ...storage, secretAccessKey: storage.secretAccessKey.reveal(), vault: config.vaultBucket },
          Date.now,
          signal,
        )
      : [],
    Promise.all(
      [
        ...rentedFrom(config.marketplaces, clock, join(config.home, 'marketplaces')),
        ...standbysFrom(config.marketplaces, clock),
      ].map((one) => marketplaceFinding(one, signal)),
    ),
    config.publicUrl === null ? [] : [await publicFinding(config.publicUrl, signal)],
  ]);
  console.log(JSON.stringify(findings.flat()));
} catch (cause) {
  if (!isFailure(cause)) throw cause;
  console.log(
    JSON.stringify([{ name: 'settings', ok: false, say: cause.message, mend: 'Mend them, then look again.' }]),
  );
}
