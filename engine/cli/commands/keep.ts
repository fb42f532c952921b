import { readSpan } from '../../domain/span.ts';
import type { InstanceJson, WorkspaceJson } from '../../http/json/instance.ts';
import { command, flag, text, WORKSPACE } from '../command.ts';
import { clockTime, localTime, nextTime } from '../local-time.ts';
import { wrong } from '../read-args.ts';
import { duration, timeOf } from '../words.ts';

export const keep = command({
  name: 'keep',
  takes: [WORKSPACE, { name: 'FOR', say: 'How long from now: 90m, 2h, 1d', optional: true }],
  options: {
    until: text('TIME', 'Until then, in the local time zone: 18:00 or "2024-01-15 14:30"'),
    why: text('TEXT', 'Why, for whoever wonders what it costs'),
    end: flag('Not any longer: it may fall asleep when it is idle'),
  },
  examples: [
    ['dumont keep lab 2h', 'awake for two hours from now, idle or not'],
    ['dumont keep lab --until 18:00', 'today, or tomorrow when that has passed'],
    ['dumont keep lab --end', ''],
  ],
  async run({ words: [name = '', span], options, engine, screen, signal }) {
    const { until, end } = options;
    if ([span !== undefined, until !== undefined, end].filter(Boolean).length !== 1) {
      throw wrong(keep, 'needs one of FOR (90m, 2h, 1d), --until TIME and --end');
    }
    const now = Date.now();
    const forMs = span !== undefined ? readSpan(span) : until !== undefined ? nextTime(until, now) - now : null;
    if (forMs !== null && forMs <= 0) throw wrong(keep, `: ${until} has passed`);
    const path = `/api/v1/instances/${encodeURIComponent(name)}/keep`;
    const body = { for_seconds: forMs === null ? null : forMs / 1_000, why: options.why ?? '' };
    const kept = await engine.post<WorkspaceJson>(path, body, signal);
    if (screen.json) screen.printJson(kept);
    else {
      const { status } = await engine.get<InstanceJson>(`/api/v1/instances/${encodeURIComponent(name)}`, {}, signal);
      screen.print(keepWords(kept, now, status === 'asleep'));
    }
    return 0;
  },
});

function keepWords({ id, keep: kept }: WorkspaceJson, now: number, asleep: boolean): string {
  if (kept === null) return `${id} falls asleep again when it is idle.`;
  const until = timeOf(kept.until);
  const today = localTime(until).slice(0, 10) === localTime(now).slice(0, 10);
  const when = today ? clockTime(until).slice(0, 5) : localTime(until);
  const span = duration(Math.round((until - now) / 1_000) * 1_000);
  return asleep
    ? `${id} is asleep, and this does not wake it. Woken before ${when}, it stays awake until then (${span} from now). Wake it: dumont wake ${id}`
    : `${id} stays awake until ${when} (for ${span}), idle or not.`;
}
