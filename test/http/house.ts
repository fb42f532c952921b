import { httpApp } from '../../engine/http/app.ts';
import { fakeEngine, fakeLocal } from './fake-engine.ts';

const TOKEN = 'the-token-of-this-test';

/** The API over a fake engine, asked without a server. */
export function house({ local = fakeLocal() as ReturnType<typeof fakeLocal> | null, pace = 0.01 } = {}) {
  const fake = fakeEngine({ pace });
  const closing = new AbortController();
  const logged: { event: string; facts: Record<string, unknown>; level: string | undefined }[] = [];
  const app = httpApp(
    { engine: fake.engine, local, account: 'ana', closing: closing.signal },
    { token: TOKEN, tokenFile: '/somewhere/token' },
    (event, facts = {}, level) => logged.push({ event, facts, level }),
  );

  async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const json = body === undefined ? {} : { 'Content-Type': 'application/json' };
    const response = await app.request(path, {
      method,
      headers: { Authorization: `Bearer ${TOKEN}`, ...json, ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    // biome-ignore lint/suspicious/noExplicitAny: the tests look into answers of every shape.
    return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : null) as any };
  }
  return { app, ask, logged, closing, local, ...fake };
}
