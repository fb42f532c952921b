import { once } from 'node:events';
import { showCloudflare } from './cloudflare/show.ts';
import { showDiscord } from './discord/show.ts';
import { showGcp } from './gcp/show.ts';
import { showR2 } from './r2/show.ts';
import { showRunpod } from './runpod/show.ts';
import { showVast } from './vast/show.ts';

/** `npm run standin NAME`: one of the services that we use, on loopback, to look at or to point any client at. */
const STANDINS: Readonly<Record<string, (words: readonly string[]) => Promise<AsyncDisposable>>> = {
  cloudflare: showCloudflare,
  discord: showDiscord,
  r2: showR2,
  runpod: showRunpod,
  gcp: showGcp,
  vast: showVast,
};

const [which = '', ...words] = process.argv.slice(2);
const show = STANDINS[which];
if (!show) {
  console.error(`There are stand-ins for ${Object.keys(STANDINS).join(', ')}: npm run standin NAME`);
  process.exit(64);
}
await using _ = await show(words).catch((cause: unknown) => {
  console.error(cause instanceof Error ? cause.message : cause);
  process.exit(64);
});
await once(process, 'SIGINT');
