import type { Fault } from '../../../engine/storage/local/answer.ts';
import { noSuchTrap, trapList } from '../no-such-trap.ts';
import { type Asked, standInForR2, type Weather, WRITES } from './r2.ts';

const DAY_SECONDS = 86_400;

/** What goes wrong, or slowly, if one says its name. */
const TRAPS: Readonly<Record<string, { readonly say: string; readonly weather: Partial<Weather> }>> = {
  far: { say: 'each answer takes 60 ms longer', weather: { latencyMs: 60 } },
  narrow: { say: 'each connection moves 12.5 MB a second', weather: { bytesPerSecond: 12.5e6 } },
  busy: {
    say: 'every tenth call is answered 503',
    weather: { fault: everyTenth({ do: 'answer', status: 503, code: 'ServiceUnavailable' }, () => true) },
  },
  'lost-answers': {
    say: 'every tenth write is done, and its answer lost',
    weather: { fault: everyTenth({ do: 'lose-answer' }, ({ action }) => WRITES.has(action)) },
  },
};

/** `npm run standin r2 [TRAP...]`: R2 with two buckets, its limits and its prices, for any client that speaks S3. */
export async function showR2(words: readonly string[]): Promise<AsyncDisposable> {
  const known = Object.fromEntries(Object.entries(TRAPS).map(([name, { say }]) => [name, say]));
  for (const word of words) if (!Object.hasOwn(TRAPS, word)) throw noSuchTrap(word, known);
  const r2 = await standInForR2();
  r2.weather.writeEveryMs = 1_000;
  for (const word of words) Object.assign(r2.weather, TRAPS[word]?.weather);
  const week = { type: 'Age', maxAgeSeconds: 7 * DAY_SECONDS } as const;
  await r2.world.storage.setLocks('vault', [{ id: 'vault', enabled: true, prefix: '', condition: week }]);
  const { endpoint, accessKeyId, secretAccessKey } = r2.place();
  console.log(`R2 answers at ${endpoint}, with the buckets hot and vault (locked for a week). For Dumont:`);
  console.log(`  DUMONT_S3_ENDPOINT=${endpoint} DUMONT_S3_BUCKET=hot DUMONT_S3_VAULT_BUCKET=vault \\`);
  console.log(`  DUMONT_S3_ACCESS_KEY_ID=${accessKeyId} DUMONT_S3_SECRET_ACCESS_KEY=${secretAccessKey}`);
  console.log(`On: ${words.join(', ') || 'no trap'}. There are:`);
  console.log(trapList(known));
  return {
    async [Symbol.asyncDispose]() {
      const asked = r2.counted();
      console.log(`Asked for: ${asked.a} calls of class A, ${asked.b} of class B, $${r2.dollars(asked).toFixed(6)}.`);
      await r2[Symbol.asyncDispose]();
    },
  };
}

function everyTenth(fault: Fault, of: (asked: Asked) => boolean): Weather['fault'] {
  let calls = 0;
  return (asked) => {
    if (of(asked)) calls += 1;
    return of(asked) && calls % 10 === 0 ? fault : undefined;
  };
}
