import { expect, test } from 'vitest';
import { keepSessions } from '../../bot/discord/sessions.ts';
import { FakeStore } from '../fakes/store.ts';

test('what was still worked on when the process ended is asked for again', async () => {
  const store = new FakeStore({ strict: true });
  const sessions = await keepSessions(store, () => undefined);
  sessions.update(0, { sessionId: 's', sequence: 1, resumeURL: 'ws://127.0.0.1', shardCount: 1, shardId: 0 });
  const first = sessions.begin(0, 2);
  const second = sessions.begin(0, 3);
  first();
  await sessions.settled();
  sessions.close();
  second();
  await sessions.settled();
  expect(await store.read('gateway-sessions', '0')).toMatchObject({ sequence: 2 });
});
