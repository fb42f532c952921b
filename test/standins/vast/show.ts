import { trapList } from '../no-such-trap.ts';
import { GOOD_KEY, openVast } from './account.ts';
import { serveVast } from './serve.ts';
import { readTraps, TRAPS } from './traps.ts';

/** `npm run standin vast [TRAP[=SHARE]...]`: vast's API at its real pace and limits, with these traps on. */
export async function showVast(words: readonly string[]): Promise<AsyncDisposable> {
  const traps = readTraps(words);
  const standin = await serveVast(openVast({ now: Date.now, traps }), PORT);
  console.log(`vast.ai answers at ${standin.url}, to the key ${GOOD_KEY}. Its machines are figures. For Dumont:`);
  console.log(`  DUMONT_VAST_API=${standin.url} DUMONT_VAST_KEY=${GOOD_KEY}`);
  const on = [...traps].map(([name, share]) => `${name}=${share}`);
  console.log(`On: ${on.join(', ') || 'no trap'}. There are (0 to 1 says how often):`);
  console.log(trapList(TRAPS));
  console.log('Not here: commands inside of machines, copies, volumes, templates, teams, webhooks, bulk creates.');
  return standin;
}

const PORT = 7079;
