import { expect, test } from 'vitest';
import { bootsSvg, drawBoots, drawPaid, hoursSvg, paidSvg } from '../../bot/charts/money.ts';
import { toPng } from '../../bot/charts/png.ts';
import { wordsIn } from '../../bot/words/words.ts';
import { fakeSavings } from '../http/fake-money.ts';

const from = Date.UTC(2026, 7, 1);
const period = { from, until: from + 3 * 86_400_000 };
const savings = fakeSavings({ period, workspace: null, user: null, baseline: { kind: 'offer' }, by: 'day' }, from);
const stages = (p50: number) => ({ booting: { p50, p95: p50, samples: 3 } });
const hosts = [8_000, 25_000, 26_000, 400_000].map((p50) => ({ stages: stages(p50) })) as never;

test.each(['en', 'pt'] as const)('charts say what they show, in %s', async (language) => {
  const words = wordsIn(language);
  for (const [name, svg] of Object.entries({
    paid: paidSvg(savings, words),
    hours: hoursSvg(savings, words),
    boots: bootsSvg(hosts, words),
  })) {
    await expect(svg.replaceAll('><', '>\n<')).toMatchFileSnapshot(`charts/${name}-${language}.svg`);
    const [drawn, without] = await Promise.all([toPng(svg), toPng(svg.replace(/<text.*?<\/text>/g, ''))]);
    expect(drawn.length, 'a chart without its text').toBeGreaterThan(without.length + 5_000);
  }
});

test('whoever cannot see it hears the number that counts', async () => {
  const chart = await drawPaid(savings, wordsIn('pt'));
  expect(chart?.description).toBe(
    'Barras por dia: US$\u00a02,07 pagos ao todo; sempre ligado custaria US$\u00a019,20.',
  );
});

test('what nobody knows is said, and none of it counts as nothing', async () => {
  const unknown = { ...savings, total: { ...savings.total, baselineMicro: null, savedMicro: null } };
  expect((await drawPaid(unknown, wordsIn('en')))?.description).toBe(
    'Bars by day: $2.07 paid in all; what always-on would have cost is not known.',
  );
  expect(wordsIn('en').answer.savings(unknown).content).toContain('is not known');
});

test.each([
  [-10_000, 'Marketplaces charged $0.01 less than was metered for the same.'],
  [10_000, 'Marketplaces charged $0.01 more than was metered for the same.'],
])('what bills differ by, %d, is said without a sign', (differenceMicro, sentence) => {
  const answer = wordsIn('en').answer.savings({ ...savings, total: { ...savings.total, differenceMicro } });
  expect(JSON.stringify(answer)).toContain(sentence);
});

test('the picture of boots and its words count the same hosts, those that booted', async () => {
  const some = [...hosts, { stages: {} }, { stages: {} }] as never;
  expect(bootsSvg(some, wordsIn('en'))).toContain('How fast 4 hosts boot');
  expect((await drawBoots(some, wordsIn('en')))?.description).toBe(
    'Bars by boot time of 4 hosts: half of them within 25 s.',
  );
  expect(await drawBoots([{ stages: {} }] as never, wordsIn('en'))).toBeNull();
});

test('amounts of one scale, or of one table, have as many digits as the smallest needs', () => {
  const small = paidSvg(of(12_000, 3_000), wordsIn('en'));
  const amounts = [...small.matchAll(/>\$(\d+\.\d+)</g)].map(([, amount = '']) => amount.split('.')[1]?.length);
  expect(new Set(amounts)).toEqual(new Set([4]));
  const table = wordsIn('en').answer.savings({ ...of(12_000_000, 3_000), by: 'workspace' }).embeds?.[0]?.description;
  expect(table).toContain('$12.0000');
});

test('amounts of one headline have as many digits as the smallest needs', () => {
  const total = { ...savings.total, paidMicro: 3_000, savedMicro: 12_340_000 };
  for (const [language, says] of [
    ['en', /paid \*\*\$0\.0030\*\*, \*\*\$12\.3400\*\* less/],
    ['pt', /0,0030\*\*, \*\*US\$.12,3400\*\* a menos/],
  ] as const)
    expect(wordsIn(language).answer.savings({ ...savings, total }).content).toMatch(says);
});

const of = (...paid: readonly number[]) => ({
  ...savings,
  rows: paid.map((paidMicro, i) => ({ ...savings.rows[0]!, key: `2026-08-0${i + 1}`, paidMicro, baselineMicro: 0 })),
});
const bars = (svg: string): number[][] =>
  [...svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" fill="#f0b232"/g)].map((bar) =>
    bar.slice(1).map(Number),
  );

test('what a marketplace gave back hangs below nothing, on the same scale', () => {
  const svg = paidSvg(of(4_000_000, -2_000_000), wordsIn('en'));
  const [up, down] = bars(svg);
  expect(svg).toContain('>-$2.00<');
  expect(down?.[1], 'it begins where the other ends').toBeCloseTo((up?.[1] ?? 0) + (up?.[3] ?? 0), 0);
  expect(down?.[3]).toBeCloseTo((up?.[3] ?? 0) / 2, 0);
});

test('one day is no wall, large amounts have room, and where there is nothing that is said', () => {
  expect(bars(paidSvg(of(4_000_000), wordsIn('en')))[0]?.[2]).toBeLessThan(90);
  const large = paidSvg(of(9_900_000_000), wordsIn('pt'));
  const [, x, amount = ''] = /<text x="([\d.]+)"[^>]*text-anchor="end">([^<]*10\.?000,00)</.exec(large) ?? [];
  expect(Number(x), amount).toBeGreaterThan(8 * amount.length);
  expect(paidSvg(of(0, 0), wordsIn('pt'))).toContain(wordsIn('pt').money.nothing);
});
