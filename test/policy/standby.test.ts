import { expect, test } from 'vitest';
import type { Machine, State } from '../../engine/domain/lifecycle.ts';
import { NO_GPU } from '../../engine/domain/marketplace.ts';
import type { Race } from '../../engine/domain/race.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import { type StandbySight, standby } from '../../engine/policy/standby.ts';

const NOW = 10_000_000;
const MINUTE = 60_000;

const SIGHT: StandbySight = {
  on: true,
  wanted: true,
  holder: null,
  races: [],
  yields: null,
  rules: DEFAULTS.standby,
  now: NOW,
};

const machine = (state: State, sinceMs: number, gpu = 'RTX 4090'): Machine =>
  ({ state, since: NOW - sinceMs, complete: true, entered: { running: NOW - sinceMs }, offer: { gpu } }) as Machine;

const race = (how: { agoMs?: number; ended?: 'won' | 'lost'; cpu?: boolean; claimed?: string }): Race =>
  ({
    startedAt: NOW - (how.agoMs ?? 0),
    endedAt: how.ended ? NOW - (how.agoMs ?? 0) : null,
    need: how.cpu ? { kind: 'cpu' } : {},
    claimed: how.claimed ?? null,
    outcome: how.ended ? { winner: how.ended === 'won' ? 'm1' : null, why: 'none on offer', wasteMicro: 0 } : null,
  }) as Race;

const TABLE: readonly [string, Partial<StandbySight>, string, RegExp][] = [
  ['not wanted by its owner', { on: false, races: [race({ ended: 'lost' })] }, 'nothing', /no standby/],
  ['asleep', { wanted: false, races: [race({ ended: 'lost' })] }, 'nothing', /not wanted awake/],
  ['at work', { holder: machine('running', MINUTE) }, 'nothing', /has a machine/],
  ['just fallen silent', { holder: machine('stranded', 30_000) }, 'nothing', /may answer/],
  ['silent for long', { holder: machine('stranded', MINUTE) }, 'fail over', /silent for 1 min/],
  ['lost, and its race has just begun', { holder: machine('lost', 0), races: [race({})] }, 'nothing', /race/],
  ['racing for long', { races: [race({ agoMs: 2 * MINUTE })] }, 'fail over', /after 2 min/],
  ['racing for long, and one restores', { races: [race({ agoMs: 3 * MINUTE, claimed: 'm1' })] }, 'nothing', /race/],
  ['beaten', { races: [race({ ended: 'lost' })] }, 'fail over', /none on offer/],
  [
    'beaten, with a standby on its way',
    { races: [race({ ended: 'lost' }), race({ cpu: true })] },
    'nothing',
    /made ready/,
  ],
  [
    'beaten twice',
    { races: [race({ ended: 'lost' }), race({ cpu: true, ended: 'lost' })] },
    'nothing',
    /no standby could/,
  ],
  [
    'beaten, when long ago a standby could not be had for a machine that came after all',
    {
      races: [
        race({ agoMs: 90 * MINUTE, ended: 'lost', cpu: true }),
        race({ agoMs: 89 * MINUTE, ended: 'won' }),
        race({ ended: 'lost' }),
      ],
    },
    'fail over',
    /none on offer/,
  ],
  [
    'lost again, after a GPU was found from its standby',
    {
      races: [
        race({ agoMs: 90 * MINUTE, ended: 'lost' }),
        race({ agoMs: 89 * MINUTE, ended: 'won', cpu: true }),
        race({ agoMs: 70 * MINUTE, ended: 'won' }),
      ],
    },
    'nothing',
    /about to begin/,
  ],
  ['at its standby for a while', { holder: machine('running', 3 * MINUTE, NO_GPU) }, 'nothing', /not long ago/],
  ['at its standby for long', { holder: machine('running', 10 * MINUTE, NO_GPU) }, 'look for a GPU', /for 10 min/],
  [
    'at its standby, looking',
    { holder: machine('running', 11 * MINUTE, NO_GPU), races: [race({})] },
    'nothing',
    /looked for/,
  ],
  [
    'at its standby, looked lately',
    { holder: machine('running', 60 * MINUTE, NO_GPU), races: [race({ agoMs: 9 * MINUTE, ended: 'lost' })] },
    'nothing',
    /not long ago/,
  ],
  ['making room', { races: [race({ agoMs: 9 * MINUTE })], yields: { at: NOW - MINUTE } }, 'nothing', /makes room/],
];

test.each(TABLE)('%s', (_, sight, does, why) => {
  expect(standby({ ...SIGHT, ...sight })).toEqual({ does, why: expect.stringMatching(why) });
});
