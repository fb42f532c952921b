import type { Role, Who } from '../../engine/domain/account.ts';
import { engineFor } from '../../engine/guard.ts';
import { httpApp } from '../../engine/http/app.ts';
import { rememberAnswers } from '../../engine/http/idempotency.ts';
import { ANA, World } from '../fakes/world.ts';
import { fakeLocal } from './fake-engine.ts';
import { fakeDoors } from './house.ts';

/** The real engine and its guard on fakes, behind the API, with people of every role and two workspaces. */
export async function inhabited() {
  const w = new World();
  const { engine, stop } = await w.start();
  const { accounts, audit, meter } = fakeDoors(w.store);
  const closing = new AbortController();
  let now = 0;
  const troubles: string[] = [];
  const app = httpApp(
    {
      engineFor: (who: Who) => engineFor(who, engine, w.store),
      accounts,
      audit,
      answers: rememberAnswers(Date.now),
      meter,
      local: fakeLocal(),
      closing: closing.signal,
    },
    {
      token: 'the-token-of-this-test',
      tokenFile: '/somewhere/token',
      owner: { name: 'root', role: 'admin', workspaces: null, by: 'file' },
      origins: [],
    },
    (event, facts, level) => {
      if (level === 'ERROR') troubles.push(`${event} ${JSON.stringify(facts)}`);
    },
    () => (now += 1_000), // nobody is held up for asking often
  );
  await engine.create('lab', {}, ANA);
  await engine.create('train', {}, { by: 'otto', key: null });
  const words = new Map<string, string>([['forger', 'dmt_t1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']]);
  const people: readonly (readonly [string, Role])[] = [
    ['vera', 'viewer'],
    ['otto', 'operator'],
    ['ana', 'operator'],
    ['boss', 'admin'],
  ];
  for (const [name, role] of people) {
    // Somebody who came in by password may do what a token may not.
    const who: Who = { name, role, workspaces: null, by: 'password' };
    await accounts.create(name, role, 'boss', `the password of ${name}`);
    words.set(name, `word.of.${name}`);
    whose.set(`word.of.${name}`, who);
  }
  const owner: Who = { name: 'boss', role: 'admin', workspaces: null, by: 'password' };
  const ci = await accounts.createToken(owner, { name: 'ci', role: 'admin', workspaces: ['lab'], forMs: null });
  words.set('ci', ci.word);
  const { whose: real } = accounts;
  accounts.whose = async (word) => whose.get(word) ?? (await real(word));

  return {
    /** What went wrong inside, for whoever looks for the reason. */
    troubles,
    async ask(
      person: string,
      method: string,
      url: string,
      body: string | undefined,
      headers: Record<string, string> = {},
    ) {
      const word = words.get(person);
      const response = await app.request(url, {
        method,
        headers: {
          ...headers,
          ...(word && { Authorization: `Bearer ${word}` }),
          ...(body !== undefined && { 'Content-Type': 'application/json' }),
        },
        ...(body !== undefined && method !== 'GET' && { body }),
      });
      return {
        status: response.status,
        tag: response.headers.get('etag'),
        type: response.headers.get('content-type') ?? '',
        text: await response.text(),
      };
    },
    async [Symbol.asyncDispose]() {
      closing.abort(new Error('the test is over'));
      await stop();
    },
  };
}

const whose = new Map<string, Who>();
