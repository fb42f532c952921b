import { expect, test } from 'vitest';
import { served } from '../http/served.ts';
import { dumont, soon, TMUX, terminal } from './terminal.ts';

test.runIf(TMUX)('a race is drawn in place, in lines that fit, and the cursor comes back', async () => {
  await using house = await served({ pace: 0.1 });
  using tty = terminal(house.home, 80, 24);
  tty.type(dumont('wake lab'));
  await expect.poll(tty.screen, soon).toMatch(/› +bravo +.*(booting|installing)/);
  expect(tty.cursorShown()).toBe(false);
  await expect.poll(tty.screen, soon).toMatch(/^ {2}dumont ssh lab$/m);
  const screen = tty.history();
  expect(screen.match(/^lab {2}/gm), screen).toHaveLength(1); // one header: frames replaced each other
  expect(screen).toMatch(/^ {2}✓ +bravo .* running/m);
  expect(screen).toMatch(/^ {2}restoring +━+─+ +40 % {2}2\.9 of 7\.2 GB/m);
  expect(screen).toMatch(/^lab is usable after 17 s$/m);
  expect(tty.cursorShown()).toBe(true);
  expect(tty.coloured()).toContain('\x1b[32m');
});

test.runIf(TMUX).each([
  [120, [60, 40]],
  [50, [90, 140]],
])('a window that is %i columns wide and then %j shows one frame, and no scraps of the last', async (first, widths) => {
  await using house = await served({ pace: 0.1 });
  using tty = terminal(house.home, first, 24);
  tty.type(dumont('wake lab'));
  await expect.poll(tty.screen, soon).toMatch(/bravo .*booting/);
  for (const width of widths) {
    tty.resize(width);
    const scraps = () => (tty.screen().match(/bravo|STAGE|^lab {2}/gm) ?? []).toSorted();
    await expect.poll(scraps, soon).toEqual(['STAGE', 'bravo', 'lab  ']);
  }
  await expect.poll(tty.screen, soon).toContain('dumont ssh lab');
});

test.runIf(TMUX)('Ctrl-C leaves the last frame, the way back, and a shell that works', async () => {
  await using house = await served({ pace: 0.2 });
  using tty = terminal(house.home, 90, 24);
  tty.type(`${dumont('wake lab')}; echo "ended with $?"`);
  await expect.poll(tty.screen, soon).toMatch(/bravo/);
  tty.press('C-c');
  await expect.poll(tty.screen, soon).toContain('ended with 130');
  expect(tty.screen()).toContain('Follow it again with "dumont status lab --follow"');
  expect(tty.cursorShown()).toBe(true);
});

test.runIf(TMUX)('with NO_COLOR it is drawn without colours, on a dumb terminal in plain lines', async () => {
  await using house = await served({ pace: 0.02, names: ['lab', 'other'] });
  using plain = terminal(house.home, 90, 24, ['NO_COLOR=1']);
  plain.type(dumont('wake lab'));
  await expect.poll(plain.screen, soon).toMatch(/^ {2}dumont ssh lab$/m);
  expect(plain.coloured()).not.toMatch(/\p{Cc}\[3\dm/u);
  using dumb = terminal(house.home, 90, 24, ['TERM=dumb']);
  dumb.type(dumont('status other'));
  await expect.poll(dumb.screen, soon).toContain('other is asleep');
  dumb.type(dumont('wake lab'));
  await expect.poll(dumb.history, soon).toMatch(/^\d\d:\d\d:\d\d {2}/m);
});

test.runIf(TMUX)('at a terminal, what cannot be undone is done when its name is typed, and only then', async () => {
  await using house = await served({ names: ['lab', 'train'] });
  using tty = terminal(house.home, 90, 24);
  tty.type(`${dumont('destroy train --purge')}; echo "ended with $?"`);
  await expect.poll(tty.screen, soon).toContain('Type "train" to go on:');
  tty.type('y');
  await expect.poll(tty.screen, soon).toContain('ended with 65');
  tty.type(`clear; ${dumont('destroy train --purge')}; echo "ended with $?"`);
  await expect.poll(tty.screen, soon).toMatch(/^Type "train" to go on:/m);
  expect(house.asked).toEqual([]);
  tty.type('train');
  await expect.poll(tty.screen, soon).toContain('Removed train');
  tty.type(`clear; ${dumont('destroy lab --purge')}; echo "ended with $?"`);
  await expect.poll(tty.screen, soon).toMatch(/^Type "lab" to go on:/m);
  tty.press('C-c');
  await expect.poll(tty.screen, soon).toContain('ended with 130');
  expect(house.asked.map(({ args }) => args[0])).toEqual(['train']);
});
