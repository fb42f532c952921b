import { createHash } from 'node:crypto';
import { Failure } from '../domain/failures.ts';

const KEPT_MS = 24 * 3_600_000;
const KEPT_MAX = 5_000;

/**
 * What was answered to a key, so that a request whose answer was lost can be sent again. In memory: what spends or destroys
 * is an operation besides, whose key is on disk.
 */
export interface Answers {
  once(asked: Keyed, answer: () => Promise<Response>): Promise<Response>;
}

interface Keyed {
  readonly who: string;
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

interface Kept {
  readonly at: number;
  readonly print: string;
  readonly answer: Promise<Response>;
}

export function rememberAnswers(now: () => number): Answers {
  const kept = new Map<string, Kept>();

  return {
    async once({ who, key, method, path, body }, answer) {
      const name = JSON.stringify([who, key]);
      const print = createHash('sha256')
        .update(JSON.stringify([method, path, body]))
        .digest('hex');
      const known = kept.get(name);
      if (known && now() - known.at < KEPT_MS) {
        if (known.print !== print) throw new Failure('key_reused', { key });
        return (await known.answer).clone();
      }
      const given = answer();
      kept.delete(name);
      kept.set(name, { at: now(), print, answer: given });
      for (const oldest of kept.keys()) {
        if (kept.size <= KEPT_MAX) break;
        kept.delete(oldest);
      }
      // What failed may be tried again with the same key.
      given.then(
        (response) => response.ok || kept.delete(name),
        () => kept.delete(name),
      );
      return (await given).clone();
    },
  };
}
