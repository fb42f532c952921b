import { readSpan } from '../../domain/span.ts';
import type { NewTokenJson, TokenJson, TokensJson } from '../../http/json/account.ts';
import { asPerson } from '../as-person.ts';
import { command, text, texts } from '../command.ts';
import { table } from '../table.ts';
import { ago } from '../words.ts';

export const tokens = command({
  name: 'tokens',
  options: {
    create: text('NAME', 'A new one, for the program of this name; it is shown once'),
    role: text('ROLE', 'With no more power than this: viewer, operator or admin'),
    on: texts('WORKSPACE', 'For these workspaces only'),
    for: text('SPAN', 'It ends by itself after this: 30d, 12h'),
    user: text('ACCOUNT', 'Of this account; for whoever runs the engine on this computer, who has none'),
    end: text('ID', 'It opens nothing any more'),
  },
  examples: [
    ['dumont tokens', 'those you have, and when each was last used'],
    ['dumont tokens --create nightly --role operator --on lab --for 90d', 'asks for your password'],
    ['dumont tokens --end t81fd…', ''],
  ],
  async run({ options, engine, screen, signal }) {
    if (options.end !== undefined) {
      await engine.remove(`/api/v1/tokens/${encodeURIComponent(options.end)}`, { user: options.user }, signal);
      screen.note(`${options.end} opens nothing any more.`);
      return 0;
    }
    if (options.create !== undefined) {
      const wanted = {
        ...(options.user !== undefined && { user: options.user }),
        name: options.create,
        role: options.role ?? null,
        instance_ids: options.on ?? null,
        for_seconds: options.for === undefined ? null : Math.round(readSpan(options.for) / 1_000),
      };
      const made = await asPerson(engine, screen, signal, (person) =>
        person.post<NewTokenJson>('/api/v1/tokens', wanted, signal),
      );
      if (screen.json) screen.printJson(made);
      else {
        screen.print(made.token);
        screen.note('It is shown this once. Send it as "Authorization: Bearer …", or set DUMONT_TOKEN.');
      }
      return 0;
    }
    const answer = await engine.get<TokensJson>('/api/v1/tokens', { user: options.user }, signal);
    const now = Date.now();
    if (screen.json) screen.printJson(answer);
    else if (answer.tokens.length === 0) screen.note('You have no tokens.');
    else
      screen.print(
        ...table<TokenJson>(
          [
            { title: 'ID', of: (it) => it.id },
            { title: 'FOR', of: (it) => it.name, min: 10 },
            { title: 'ROLE', of: (it) => it.role },
            { title: 'WORKSPACES', of: (it) => it.instance_ids?.join(', ') ?? 'all of yours', min: 10, drop: 1 },
            { title: 'USED', of: (it) => (it.used_at === null ? 'never' : ago(it.used_at, now)) },
            { title: 'ENDS', of: (it) => it.expires_at?.slice(0, 10) ?? '-', drop: 2 },
          ],
          answer.tokens,
          screen,
        ),
      );
    return 0;
  },
});
