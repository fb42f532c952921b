import type { APIMessage } from 'discord-api-types/v10';
import { expect, test } from 'vitest';
import { commandBodies } from '../../bot/registration.ts';
import { EVERYBODY } from '../standins/discord/standin.ts';
import { EVERY } from './every-command.ts';
import { stage } from './stage.ts';

const LOCALES = ['en-US', 'pt-BR'] as const;

test.each(LOCALES)('every answer, in %s [promise 14]', async (locale) => {
  await using s = await stage();
  const ana = { ...s.people.ana, locale, permissions: EVERYBODY | (1n << 5n) };
  const said: string[] = [];
  for (const [path, options] of EVERY) {
    const answer = await s.standin.answered(s.standin.run(ana, s.ops, path, options));
    said.push(`/${path} ${JSON.stringify(options)}\n${textOf(answer)}`);
  }
  await expect(said.join('\n\n')).toMatchFileSnapshot(`said/${locale}.txt`);
});

test('whoever reads neither reads English [promise 14]', async () => {
  await using s = await stage();
  const ana = { ...s.people.ana, locale: 'fr' };
  expect((await s.standin.answered(s.standin.run(ana, s.ops, 'hosts'))).content).toBe('**What we remember of hosts**');
});

test('every command, option and choice has words in both languages, and fits', () => {
  const without = (one: object, path: string): string[] => {
    const {
      name,
      description,
      description_localizations: localized,
      options = [],
    } = one as {
      name: string;
      description: string;
      description_localizations?: Record<string, string>;
      options?: object[];
    };
    const here = `${path} ${name}`;
    const pt = localized?.['pt-BR'] ?? '';
    const bad = pt === '' || description === '' || pt.length > 100 || description.length > 100;
    return [...(bad ? [here] : []), ...options.flatMap((option) => without(option, here))];
  };
  expect(commandBodies().flatMap((body) => without(body, ''))).toEqual([]);
});

/** What changes from run to run is not what was said. */
function textOf({ content, embeds, components }: APIMessage): string {
  const buttons = (components ?? []).flatMap((row) =>
    'components' in row ? (row.components as { label?: string }[]) : [],
  );
  const parts = [
    content,
    ...embeds.flatMap(({ title, description, fields, footer }) => [
      title,
      description,
      ...(fields ?? []).map(({ name, value }) => `${name}: ${value}`),
      footer?.text,
    ]),
    buttons.map(({ label }) => `[${label}]`).join(' '),
  ];
  return parts
    .filter((part) => part !== undefined && part !== '')
    .join('\n')
    .replace(/<t:\d+/g, '<t:…')
    .replace(/\d{17,20}/g, '…')
    .replace(/DM-\w{4}/g, 'DM-…')
    .replace(/\d+([.,]\d)? MB/g, '… MB')
    .replace(/(waiting|espera): \d+ · \d+/, '$1: …')
    .replace(/\*\*[\d-]{10} – [\d-]{10} \(UTC\)\*\*/, '**…**')
    .replace(/P\d\d \d+ ms · P\d\d \d+ ms · n = \d+/, 'P50 … P99 …')
    .replace(/(há )?(\d+[.,])?\d+ [smhd](in)?( ago)?(?=\b)/g, '…');
}
