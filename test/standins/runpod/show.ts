import { noSuchTrap, trapList } from '../no-such-trap.ts';
import { realClock } from '../real-clock.ts';
import { openAccount } from './account.ts';
import { serveRunpod } from './serve.ts';
import { isTrap, TRAPS } from './traps.ts';

/** `npm run standin runpod [TRAP...]`: RunPod's API at its real pace, with these traps on. */
export async function showRunpod(words: readonly string[]): Promise<AsyncDisposable> {
  const account = openAccount(realClock);
  for (const word of words) {
    if (!isTrap(word)) throw noSuchTrap(word, TRAPS);
    account.traps.add(word);
  }
  const standin = await serveRunpod(account, PORT);
  console.log(`RunPod answers at ${standin.url}, to the key ${account.key}. Its pods run no containers. For Dumont:`);
  console.log(`  DUMONT_RUNPOD_API=${standin.url} DUMONT_RUNPOD_KEY=${account.key}`);
  console.log(`On: ${[...account.traps].join(', ') || 'no trap'}. There are:`);
  console.log(trapList(TRAPS));
  return standin;
}

const PORT = 7078;
