import { perHour } from '../../domain/money.ts';
import type { StandbyJson } from '../../http/json/standby.ts';
import { command, WORKSPACE } from '../command.ts';
import { confirm } from '../confirm.ts';
import { wrong } from '../read-args.ts';

export const standby = command({
  name: 'standby',
  takes: [WORKSPACE, { name: 'DO', say: 'on, off or status; without it: status', optional: true }],
  options: {},
  examples: [
    ['dumont standby lab on', 'says what it would cost a month, and asks'],
    ['dumont standby lab off', ''],
    ['dumont standby lab', 'whether it has one, and what it costs'],
  ],
  async run({ words: [name = '', what = 'status'], engine, screen, signal }) {
    if (!['on', 'off', 'status'].includes(what)) throw wrong(standby, `does not know "${what}": on, off or status`);
    const path = '/api/v1/standby';
    const now = await engine.get<StandbyJson>(path, { instance_id: name }, signal);
    if (what === 'on' && now.dollars_per_month !== null)
      await confirm(`A standby for ${name}: ${priceWords(now)} ${SYSTEM}`, name, screen, signal);
    const agreed = { agreed_dollars_per_month: now.dollars_per_month ?? undefined };
    const body = { instance_id: name, on: what === 'on', ...(what === 'on' && agreed) };
    const then = what === 'status' ? now : await engine.post<StandbyJson>(path, body, signal);
    if (screen.json) screen.printJson(then);
    else screen.print(standbyWords(then));
    return 0;
  },
});

function standbyWords(it: StandbyJson): string {
  const { instance_id: name } = it;
  if (it.machine_id !== null) return `${name} runs at its standby now, without a GPU: ${priceWords(it)}`;
  if (it.on) return `${name} has a standby for when no GPU can be had: ${priceWords(it)} ${SYSTEM}`;
  return it.why === null
    ? `${name} has no standby. One would cost ${priceWords(it)}`
    : `${name} has no standby: ${it.why}.`;
}

const SYSTEM = 'It runs Debian 12, not the image of the workspace: its files are there, what the image brings is not.';

function priceWords({ dollars_per_hour: hour, dollars_per_month: month, offer }: StandbyJson): string {
  if (hour === null || month === null || !offer) return 'none is on offer right now.';
  const place = `${offer.marketplace}, ${offer.region}`;
  return `${perHour(hour)} while it is used, at most $${month.toFixed(2)} a month (${place}), and $${offer.dollars_per_gb_up} for each GB that it sends: its backups.`;
}
