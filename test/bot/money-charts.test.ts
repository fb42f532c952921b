import { expect, test } from 'vitest';
import { bootsSvg, drawPaid, hoursSvg, paidSvg } from '../../bot/charts/money.ts';
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
