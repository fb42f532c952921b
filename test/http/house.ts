import { createHash } from 'node:crypto';
import { openAccounts } from '../../engine/accounts/accounts.ts';
import type { Who } from '../../engine/domain/account.ts';
import type { Engine } from '../../engine/domain/doors.ts';
import type { Store } from '../../engine/domain/ports.ts';
import { httpApp } from '../../engine/http/app.ts';
import { rememberAnswers } from '../../engine/http/idempotency.ts';
import { createAudit } from '../../engine/process/audit.ts';
import { createMetrics } from '../../engine/process/metrics.ts';
import { FakeJournals, FakeStore } from '../fakes/store.ts';
import { fakeEngine, fakeLocal } from './fake-engine.ts';

const OWNER: Who = { name: 'ana', role: 'admin', workspaces: null, by: 'file' };
const TOKEN = 'the-token-of-this-test';

/** The API over a fake engine, asked without a server. */
export function house({
  local = fakeLocal() as ReturnType<typeof fakeLocal> | null,
  pace = 0.01,
  engineFor = null as ((who: Who, engine: Engine) => Engine) | null,
} = {}) {
  const fake = fakeEngine({ pace });
  const { accounts, audit, meter } = fakeDoors();
  const closing = new AbortController();
  const logged: { event: string; facts: Record<string, unknown>; level: string | undefined }[] = [];
  const app = httpApp(
    {
      engineFor: (who) => engineFor?.(who, fake.engine) ?? fake.engine,
      accounts,
      audit,
      answers: rememberAnswers(Date.now),
      meter,
      local,
      closing: closing.signal,
    },
    { token: TOKEN, tokenFile: '/somewhere/token', owner: OWNER, origins: [] },
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
  return { app, ask, logged, closing, local, accounts, audit, ...fake };
}

/** Real accounts and a real audit, over rows in memory. */
export function fakeDoors(store: Store = new FakeStore({ strict: true })) {
  const clock = { now: Date.now, sleep: async () => undefined };
  const journals = new FakeJournals({ strict: true });
  let ids = 0;
  const newId = (prefix: string): string => `${prefix}${++ids}`;
  const derive = (purpose: string): Uint8Array => createHash('sha256').update(purpose).digest();
  return {
    store,
    journals,
    accounts: openAccounts({ store, clock, newId, derive }),
    audit: createAudit(journals, clock),
    meter: createMetrics(clock),
  };
}
