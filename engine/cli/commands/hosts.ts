import type { HostJson, HostsJson } from '../../http/json/host.ts';
import { command } from '../command.ts';
import { table } from '../table.ts';
import { ago, duration } from '../words.ts';

export const hosts = command({
  name: 'hosts',
  examples: [['dumont hosts', 'how long half of the starts took, and 95 of 100']],
  async run({ engine, screen, signal }) {
    const answer = await engine.get<HostsJson>('/api/v1/hosts', {}, signal);
    const now = Date.now();
    if (screen.json) screen.printJson(answer);
    else if (answer.hosts.length === 0) screen.note('No host is known yet: nothing was started.');
    else {
      screen.print(
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

/** `14 s / 40 s`: half of them, and 95 of 100. */
function stage(host: HostJson, name: 'booting' | 'installing' | 'restoring'): string {
  const known = host.stages[name];
  return known ? `${duration(known.p50)} / ${duration(known.p95)}` : '-';
}
