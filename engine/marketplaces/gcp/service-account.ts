import { importPKCS8, SignJWT } from 'jose';
import * as z from 'zod';
import { Failure } from '../../domain/failures.ts';
import type { Clock } from '../../domain/ports.ts';
import type { Secret } from '../../domain/secret.ts';
import { call, type Service, shaped } from '../http/call.ts';

/** The key file of a service account, as Google hands it out. */
const KeyFile = z.object({
  project_id: z.string().min(1),
  client_email: z.string().min(1),
  private_key: z.string().includes('PRIVATE KEY'),
  token_uri: z.url().default('https://oauth2.googleapis.com/token'),
});

export interface ServiceAccount {
  readonly project: string;
  /** A word that opens the API for an hour at most; made anew before it ends. */
  token(signal: AbortSignal): Promise<string>;
}

export function serviceAccount(key: Secret, clock: Clock): ServiceAccount {
  const file = keyFileIn(key.reveal());
  const service: Service = {
    marketplace: 'gcp',
    base: file.token_uri,
    headers: async () => ({}),
    timeoutMs: 15_000,
  };
  let known: { readonly token: string; readonly until: number } | null = null;
  return {
    project: file.project_id,
    async token(signal) {
      if (known && clock.now() < known.until) return known.token;
      const form = {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: await assertion(file, clock),
      };
      const answer = await call(service, { method: 'POST', path: '', form }, signal);
      if (answer.status >= 500)
        throw new Failure('marketplace_down', { marketplace: 'gcp', why: `${answer.status} for a token` });
      if (!answer.ok) throw badKey(Refusal.safeParse(answer.json).data?.error_description ?? `HTTP ${answer.status}`);
      const { access_token, expires_in } = shaped(Granted, answer, 'gcp');
      known = { token: access_token, until: clock.now() + (expires_in - SPARE_S) * 1_000 };
      return access_token;
    },
  };
}

const Granted = z.object({ access_token: z.string().min(1), expires_in: z.number() });
const Refusal = z.object({ error_description: z.string() });
const SPARE_S = 300;

async function assertion(file: z.infer<typeof KeyFile>, clock: Clock): Promise<string> {
  const now = Math.floor(clock.now() / 1_000);
  const key = await importPKCS8(file.private_key, 'RS256').catch(() => {
    throw badKey('its private key cannot be read');
  });
  return await new SignJWT({ scope: 'https://www.googleapis.com/auth/compute' })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(file.client_email)
    .setAudience(file.token_uri)
    .setIssuedAt(now)
    .setExpirationTime(now + 3_600)
    .sign(key);
}

function keyFileIn(text: string): z.infer<typeof KeyFile> {
  try {
    return KeyFile.parse(JSON.parse(text));
  } catch {
    throw badKey('it is not the JSON of a service account, with project_id, client_email and private_key');
  }
}

const badKey = (why: string): Failure =>
  new Failure('marketplace_key', { marketplace: 'gcp', setting: 'DUMONT_GCP_KEY', why });
