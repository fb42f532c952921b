import { perHour } from '../../domain/money.ts';
import { didYouMean } from '../../domain/near.ts';
import type { LocalBillJson, LocalMachinesJson } from '../../http/json/local.ts';
import { command, flag, type Given, number } from '../command.ts';
import { confirm } from '../confirm.ts';
import { money } from '../event-words.ts';
import { localTime } from '../local-time.ts';
import { wrong } from '../read-args.ts';
import { table } from '../table.ts';
import { duration, plural, timeOf } from '../words.ts';

const OPTIONS = {
  stop: flag('Of "misbehave": behave well again'),
  utilization: number('PERCENT', 'Of "gpu": how busy it says it is'),
  memory: number('MB', 'Of "gpu": how much of its memory is used'),
};
type Call = Given<typeof OPTIONS>;

const ACTIONS: Readonly<Record<string, (call: Call) => Promise<void>>> = {
  machines,
  misbehave,
  gpu,
  bill,
  'end-all': endAll,
};

export const local = command({
  name: 'local',
  takes: [
    { name: 'ACTION', say: 'machines, misbehave, gpu, bill or end-all' },
    { name: 'TARGET', say: 'A machine of the local marketplace, or "market"', optional: true },
    { name: 'MODE', say: 'How to misbehave; "dumont local machines" lists the ways', optional: true },
  ],
  options: OPTIONS,
  examples: [
    ['dumont local machines', 'what runs there, and every way to misbehave'],
    ['dumont local misbehave i-1001 ssh-refused', 'and --stop to end it'],
    ['dumont local gpu i-1001 --utilization 90', 'what its nvidia-smi says'],
    ['dumont local bill', 'what the marketplace charged'],
    ['dumont local end-all', 'end all of its machines at once, whatever is on them'],
  ],
  async run(given) {
    const [name = ''] = given.words;
    const action = Object.hasOwn(ACTIONS, name) ? ACTIONS[name] : undefined;
    if (!action) throw wrong(local, `has no action "${name}".${didYouMean(name, Object.keys(ACTIONS))}`);
    await action(given);
    return 0;
  },
});

async function machines({ engine, screen, signal }: Call): Promise<void> {
  const answer = await engine.get<LocalMachinesJson>('/api/v1/local/machines', {}, signal);
  if (screen.json) return screen.printJson(answer);
  const now = Date.now();
  const rows = table(
    [
      { title: 'INSTANCE', of: (it) => it.instance, style: () => 'bold' },
      { title: 'STATUS', of: (it) => it.status },
      { title: 'FOR', of: (it) => duration(now - timeOf(it.started_at)), align: 'right', drop: 3 },
      { title: 'ON', of: (it) => it.machine, min: 8 },
      { title: 'LABEL', of: (it) => it.label ?? '-', min: 10, drop: 2 },
      { title: 'SSH', of: (it) => (it.address ? `${it.address.host}:${it.address.port}` : '-'), drop: 4 },
      { title: 'GPU', of: (it) => `${it.gpu.utilization_percent} %`, align: 'right', drop: 5 },
      { title: 'PRICE', of: (it) => perHour(it.dollars_per_hour), align: 'right' },
      {
        title: 'MISBEHAVES',
        of: (it) => it.misbehaving ?? '-',
        style: (it) => (it.misbehaving ? 'yellow' : null),
        drop: 1,
      },
    ],
    answer.machines,
    screen,
  );
  screen.print(...(answer.machines.length > 0 ? rows : ['No machine runs.']));
  const modes = Object.entries(answer.modes).map(([mode, say]) => ({ mode, say }));
  const ways = table(
    [
      { title: '', of: (it) => it.mode },
      { title: '', of: (it) => it.say, min: 10 },
    ],
    modes,
    { width: screen.width - 2, paint: screen.paint, titles: false },
  );
  screen.note('', 'Ways to misbehave', ...ways.map((line) => `  ${line}`));
}

async function misbehave({ words: [, target, mode], options, engine, screen, signal }: Call): Promise<void> {
  if (target === undefined || (mode === undefined) !== options.stop) {
    throw wrong(local, 'misbehave needs TARGET and a MODE, or TARGET and --stop');
  }
  await engine.post('/api/v1/local/misbehave', { target, mode: mode ?? null }, signal);
  if (!screen.json) screen.print(mode ? `${target} misbehaves now: ${mode}.` : `${target} behaves well again.`);
}

async function gpu({ words: [, target], options, engine, screen, signal }: Call): Promise<void> {
  if (target === undefined || options.utilization === undefined)
    throw wrong(local, 'gpu needs TARGET and --utilization PERCENT');
  const reading = { utilization_percent: options.utilization, memory_used_mb: options.memory ?? 0 };
  await engine.post('/api/v1/local/gpu', { target, ...reading }, signal);
  if (!screen.json) screen.print(`The GPU of ${target} says it is ${options.utilization} % busy.`);
}

async function bill({ engine, screen, signal }: Call): Promise<void> {
  const answer = await engine.get<LocalBillJson>('/api/v1/local/bill', {}, signal);
  if (screen.json) return screen.printJson(answer);
  const now = Date.now();
  const rows = table(
    [
      { title: 'INSTANCE', of: (it) => it.instance, style: () => 'bold' },
      { title: 'LABEL', of: (it) => it.label ?? '-', min: 10, drop: 2 },
      { title: 'FROM', of: (it) => localTime(it.from, true), drop: 1 },
      { title: 'FOR', of: (it) => duration((it.until ? timeOf(it.until) : now) - timeOf(it.from)), align: 'right' },
      { title: '', of: (it) => (it.until ? '' : 'still bills'), style: () => 'yellow' },
      { title: 'COST', of: (it) => money(it.dollars), align: 'right' },
    ],
    answer.charges,
    screen,
  );
  screen.print(...(answer.charges.length > 0 ? rows : []), `${money(answer.dollars)} in all`);
}

async function endAll({ engine, screen, signal }: Call): Promise<void> {
  await confirm('This ends every machine of the local marketplace at once, saved or not.', 'end-all', screen, signal);
  const { ended } = await engine.post<{ ended: number }>('/api/v1/local/end-all', {}, signal);
  if (screen.json) screen.printJson({ ended });
  else screen.print(`${plural(ended, 'machine')} ended.`);
}
