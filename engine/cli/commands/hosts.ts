import type { HostJson, HostsJson } from '../../http/json/host.ts';
import { command } from '../command.ts';
import { table } from '../table.ts';
import { ago, duration, plural } from '../words.ts';

export const hosts = command({
  name: 'hosts',
  examples: [['dumont hosts', 'how long each stage of a start takes, and which hosts are passed over']],
  async run({ engine, screen, signal }) {
    const answer = await engine.get<HostsJson>('/api/v1/hosts', {}, signal);
    const now = Date.now();
    if (screen.json) screen.printJson(answer);
    else if (answer.hosts.length === 0) screen.note('No host is known yet: nothing was started.');
    else {
      screen.print(
        ...allTogether(answer.stages),
        '',
        ...table(
          [
            { title: 'HOST', of: (it) => it.host, min: 8 },
            { title: 'MACHINE', of: (it) => it.physical, min: 8, drop: 4 },
            { title: 'MARKET', of: (it) => it.marketplace, drop: 5 },
            { title: 'STARTS', of: (it) => String(it.starts), align: 'right' },
            {
              title: 'FAILED',
              of: (it) => String(it.failures),
              align: 'right',
              style: (it) => (it.failures > 0 ? 'yellow' : null),
            },
            { title: 'BOOT', of: (it) => stage(it, 'booting'), align: 'right' },
            { title: 'INSTALL', of: (it) => stage(it, 'installing'), align: 'right', drop: 2 },
            { title: 'RESTORE', of: (it) => stage(it, 'restoring'), align: 'right', drop: 3 },
            { title: 'MBIT/S', of: (it) => (it.mbps === null ? '-' : it.mbps.toFixed(0)), align: 'right', drop: 7 },
            { title: 'LAST', of: (it) => ago(it.last_at, now), drop: 6 },
            {
              title: 'WHAT HAPPENED',
              of: (it) => (it.passed_over ? `passed over: ${it.passed_over}` : it.last_why),
              min: 14,
              drop: 1,
              style: (it) => (it.passed_over ? 'yellow' : 'dim'),
            },
          ],
          answer.hosts,
          screen,
        ),
      );
    }
    return 0;
  },
});

/** `14 s, max 40 s`: half of its starts, and the slowest; or `P95 40 s`, with enough of them. */
function stage({ stages }: Pick<HostJson, 'stages'>, name: keyof HostJson['stages']): string {
  const known = stages[name];
  if (!known) return '-';
  const { p50, p95, slowest, samples } = known;
  if (samples === 1) return duration(p50);
  return `${duration(p50)}, ${p95 === null ? `max ${duration(slowest)}` : `P95 ${duration(p95)}`}`;
}

/** What each stage takes at all hosts together; there are enough starts of that for a P95 soonest. */
function allTogether(stages: HostJson['stages']): string[] {
  const words = { renting: 'rent', booting: 'boot', installing: 'install', restoring: 'restore' } as const;
  const known = (Object.keys(words) as (keyof typeof words)[]).filter((name) => stages[name]);
  if (known.length === 0) return ['No start went well yet.'];
  const each = known.map((name) => `${words[name]} ${stage({ stages }, name)}`);
  const most = Math.max(...known.map((name) => stages[name]?.samples ?? 0));
  return [`All hosts, half of up to ${plural(most, 'start')}: ${each.join(' · ')}`];
}
