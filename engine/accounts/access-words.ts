import { jwtVerify, SignJWT } from 'jose';
import { Failure } from '../domain/failures.ts';

/** What is in an access word. It is believed for as long as it lasts, but for what its account's row says. */
export interface Access {
  readonly account: string;
  readonly session: string;
  readonly issuedAt: number;
}

export interface AccessWords {
  sign(account: string, session: string): Promise<{ readonly word: string; readonly expiresAt: number }>;
  /** Rejects with `bad_token`, whatever is wrong with it. */
  read(word: string): Promise<Access>;
}

const ISSUER = 'dumont';
const AUDIENCE = 'dumont-api';
const ALGORITHM = 'HS256';
const ACCESS_MS = 15 * 60_000;
/** Each period has a key of its own; a word that was signed right before its end is still read in the next one. */
const KEY_MS = 7 * 24 * 3_600_000;

/** Short-lived JWTs. Their keys are computed from the master key and the week, so that they rotate and none is stored. */
export function accessWords(derive: (purpose: string) => Uint8Array, now: () => number): AccessWords {
  const keyOf = (period: number): Uint8Array => derive(`dumont access words ${period}`);
  const periodAt = (at: number): number => Math.floor(at / KEY_MS);

  return {
    async sign(account, session) {
      const at = now();
      const expiresAt = at + ACCESS_MS;
      const period = periodAt(at);
      const word = await new SignJWT({ sid: session })
        .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', kid: String(period) })
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setSubject(account)
        .setIssuedAt(Math.floor(at / 1_000))
        .setExpirationTime(Math.floor(expiresAt / 1_000))
        .sign(keyOf(period));
      return { word, expiresAt };
    },
    async read(word) {
      const current = periodAt(now());
      try {
        const { payload } = await jwtVerify(
          word,
          ({ kid }) => {
            const period = [current, current - 1].find((one) => String(one) === kid);
            if (period === undefined) throw new Error('it was signed with no key of ours');
            return keyOf(period);
          },
          {
            algorithms: [ALGORITHM],
            issuer: ISSUER,
            audience: AUDIENCE,
            typ: 'JWT',
            currentDate: new Date(now()),
            requiredClaims: ['sub', 'sid', 'iat', 'exp'],
            maxTokenAge: ACCESS_MS / 1_000,
          },
        );
        return { account: String(payload.sub), session: String(payload.sid), issuedAt: Number(payload.iat) * 1_000 };
      } catch (cause) {
        throw new Failure('bad_token', {}, { cause });
      }
    },
  };
}
