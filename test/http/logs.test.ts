import { expect, test } from 'vitest';
import type { LogLine } from '../../engine/domain/log.ts';
import { house } from './house.ts';

const line = (event: string, more: Partial<LogLine> = {}): LogLine => ({
  ...{ at: Date.UTC(2026, 2, 1), level: 'INFO', event, by: null, facts: {} },
  ...more,
});

test('the log of a workspace comes newest first, a page after another, from a level on and of one day', async () => {
  using h = house();
  for (let i = 0; i < 5; i++) h.note(line(`event.${i}`, { facts: { changedAt: i } }));
  h.note(line('backup.failed', { level: 'WARNING', by: 'm1' }));
  const path = '/api/v1/instances/lab/logs';
  const { body } = await h.ask('GET', `${path}?limit=2`);
  expect(body.lines).toMatchObject([
    { level: 'WARNING', event: 'backup.failed', machine_id: 'm1', at: '2026-03-01T00:00:00.000Z' },
    { level: 'INFO', event: 'event.4', machine_id: null, facts: { changed_at: 4 } },
  ]);
  const next = await h.ask('GET', `${path}?limit=9&cursor=${body.next_cursor}`);
  expect(next.body.lines.map(({ event }: LogLine) => event)).toEqual(['event.3', 'event.2', 'event.1', 'event.0']);
  expect(next.body.next_cursor).toBeNull();
  expect((await h.ask('GET', `${path}?level=WARNING`)).body.lines).toHaveLength(1);
  expect((await h.ask('GET', `${path}?date=2026-03-02`)).body.lines).toEqual([]);
  for (const wrong of ['date=2026-02-31', 'date=../x', 'level=LOUD', 'cursor=x', 'limit=0'])
    expect((await h.ask('GET', `${path}?${wrong}`)).status, wrong).toBe(400);
  expect((await h.ask('GET', '/api/v1/instances/nobody/logs')).status).toBe(404);
});

test('it streams what is noted, from behind a place on', async () => {
  using h = house();
  for (const event of ['first', 'second']) h.note(line(event));
  const { body } = await h.ask('GET', '/api/v1/instances/lab/logs');
  const after = body.lines.at(-1).place;
  const response = await h.app.request(`/api/v1/instances/lab/logs?after=${after}`, {
    headers: { Authorization: 'Bearer the-token-of-this-test', Accept: 'text/event-stream' },
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const until = async (word: string): Promise<void> => {
    while (!text.includes(word)) text += (await reader.read()).value;
  };
  await until('second');
  h.note(line('third', { level: 'DEBUG' }));
  h.note(line('fourth'));
  await until('fourth');
  expect([...text.matchAll(/"event":"(\w+)"/g)].map(([, event]) => event)).toEqual(['second', 'fourth']);
  expect(text).toContain(`id: ${body.lines[0].place}`);
  await reader.cancel();
});
