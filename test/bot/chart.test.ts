import { expect, test } from 'vitest';
import { toPng } from '../../bot/charts/png.ts';
import { timelineSvg } from '../../bot/charts/timeline.ts';
import { beginStory, type Racer, type Story } from '../../bot/panels/story.ts';
import { wordsIn } from '../../bot/words/words.ts';
import type { State } from '../../engine/domain/lifecycle.ts';

const T0 = 1_000_000;
const racer = (machine: string, host: string, ...trail: [State, number][]): [string, Racer] => {
  const [state, since] = trail.at(-1) ?? ['renting', 0];
  const steps = trail.map(([each, seconds]) => ({ state: each, at: T0 + seconds * 1_000 }));
  const offer = { gpu: 'RTX 4090', host, region: 'São Paulo', dollarsPerHour: 0.31 };
  return [machine, { ...offer, machine, state, since: T0 + since * 1_000, why: '', trail: steps }];
};
const story: Story = {
  ...beginStory(T0),
  winner: 'b',
  usableMs: 30_000,
  racers: new Map([
    racer('a', 'alpha', ['booting', 1], ['releasing', 21]),
    racer('b', '<br&vo>', ['booting', 2], ['installing', 14], ['restoring', 20], ['running', 30]),
  ]),
};

test('each stage is a bar from when it began to when the next did, and the winner is named', () => {
  const svg = timelineSvg(story, 'lab', wordsIn('en'), T0 + 40_000);
  const bars = [...svg.matchAll(/<rect x="([\d.]+)" y="(\d+)" width="([\d.]+)" height="14" fill="(#\w+)"/g)].map(
    ([, ...bar]) => bar,
  );
  const scale = (560 - 132 - 92) / 30; // it ends with the last move
  expect(bars).toEqual([
    [(132 + scale).toFixed(1), '64', (20 * scale).toFixed(1), '#5865f2'],
    [(132 + 2 * scale).toFixed(1), '90', (12 * scale).toFixed(1), '#5865f2'],
    [(132 + 14 * scale).toFixed(1), '90', (6 * scale).toFixed(1), '#00a8fc'],
    [(132 + 20 * scale).toFixed(1), '90', (10 * scale).toFixed(1), '#23a55a'],
    ['468.0', '90', '1.0', '#57f287'],
  ]);
  expect(svg).toContain('✓ &#60;br&#38;vo&#62;');
  expect(timelineSvg(story, 'lab', wordsIn('pt'), T0)).toContain('restaurando');
});

test.each(['en', 'pt'] as const)('the race is drawn as it was looked at, in %s', async (language) => {
  const words = wordsIn(language);
  const title = words.chart.title('lab', words.duration(30_000));
  const svg = timelineSvg(race, title, words, T0 + 400_000);
  await expect(svg.replaceAll('><', '>\n<')).toMatchFileSnapshot(`charts/race-${language}.svg`);
  const [drawn, without] = await Promise.all([toPng(svg), toPng(svg.replace(/<text.*?<\/text>/g, ''))]);
  expect(drawn.length, 'a chart without its text').toBeGreaterThan(without.length + 5_000);
});

test('losers that go on costing after the race make it no longer, and the name of the winner ends before its bars', () => {
  const rest = { ...race, complete: null };
  const until = (gone: number): string =>
    timelineSvg(
      { ...rest, since: T0, racers: new Map([...race.racers, lost(gone)]) },
      'lab',
      wordsIn('en'),
      T0 + 400_000,
    );
  expect(until(300)).toBe(until(60));
  const [, name = ''] = /font-weight="bold">(✓ [^<]+)</.exec(until(60)) ?? [];
  expect(name.length, name).toBeLessThanOrEqual(12);
});

const lost = (gone: number) => racer('c', 'gamma', ['renting', 1], ['booting', 3], ['releasing', 21], ['gone', gone]);
const race: Story = {
  ...beginStory(T0),
  winner: 'b',
  usableMs: 30_000,
  complete: { at: T0 + 47_000, files: 4_410, bytes: 7e9 },
  racers: new Map([
    racer('a', 'alpha.example', ['renting', 0], ['booting', 1], ['releasing', 21], ['gone', 90]),
    racer(
      'b',
      'a-host-with-a-long-name',
      ['renting', 0],
      ['booting', 2],
      ['installing', 14],
      ['standing-by', 19],
      ['restoring', 20],
      ['running', 30],
    ),
    lost(90),
  ]),
};

test('a picture has its text: fonts come with us, whatever the computer has', async () => {
  const svg = timelineSvg(story, 'São Paulo: ção', wordsIn('pt'), T0 + 40_000);
  const [drawn, without] = await Promise.all([toPng(svg), toPng(svg.replace(/<text.*?<\/text>/g, ''))]);
  expect(Buffer.from(drawn.subarray(1, 4)).toString()).toBe('PNG');
  expect(drawn.length).toBeGreaterThan(without.length + 5_000);
});
