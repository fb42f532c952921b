import { isFailure } from '../domain/failures.ts';
import type { LoginJson } from '../http/json/account.ts';
import { encrypted } from './encrypted.ts';
import { type EngineClient, engineAt } from './engine-client.ts';
import { readSecret } from './read-secret.ts';
import type { Screen } from './screen.ts';

const LOGOUT_MS = 5_000;

/** Does what the engine may want a password for. It is asked for when the engine says so, and nothing of it stays. */
export async function asPerson<T>(
  engine: EngineClient,
  screen: Screen,
  signal: AbortSignal,
  act: (engine: EngineClient) => Promise<T>,
): Promise<T> {
  try {
    return await act(engine);
  } catch (thrown) {
    if (!isFailure(thrown, 'needs_login')) throw thrown;
    const name = String(thrown.facts.account);
    const password = await readSecret(`Password of ${name}: `, screen, signal);
    return await withPassword({ url: engine.url(), name, password }, signal, act);
  }
}

/** A login that lasts as long as `act`. */
export async function withPassword<T>(
  { url, name, password }: { readonly url: string; readonly name: string; readonly password: string },
  signal: AbortSignal,
  act: (engine: EngineClient) => Promise<T>,
): Promise<T> {
  const stranger = engineAt(encrypted(url), null);
  const opened = await stranger.post<LoginJson>('/api/v1/auth/login', { name, password }, signal);
  try {
    return await act(engineAt(url, opened.access_token));
  } finally {
    const leave = { refresh_token: opened.refresh_token };
    await stranger.post('/api/v1/auth/logout', leave, AbortSignal.timeout(LOGOUT_MS)).catch(() => undefined); // it ends by itself
  }
}
