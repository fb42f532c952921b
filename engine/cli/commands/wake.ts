import type { OperationJson } from '../../http/json/operation.ts';
import type { QuoteJson } from '../../http/json/quote.ts';
import { command, flag, number, text, WORKSPACE } from '../command.ts';
import { askAgreed } from '../confirm.ts';
import { NEED, needOf } from '../need-options.ts';
import { quoteLines } from '../quote-lines.ts';
import { wakeAndFollow } from '../wake-and-follow.ts';

export const wake = command({
  name: 'wake',
  takes: [WORKSPACE],
  options: {
    ...NEED,
    snapshot: text('ID', 'From this snapshot instead of the newest'),
    cap: number('DOLLARS', 'Stop renting when this wake alone would cost more'),
    'dry-run': flag('Only say what it would cost and how long it would take'),
    detach: flag('Do not follow it'),
  },
  examples: [
    ['dumont wake lab', 'race machines, restore the newest snapshot'],
    ['dumont wake lab --dry-run', 'what it would cost; nothing is rented'],
    ['dumont wake lab --gpu "RTX 4090" --max-price 0.50', 'only such machines this time'],
  ],
  async run({ words: [name = ''], options, engine, screen, signal }) {
    const path = `/api/v1/instances/${encodeURIComponent(name)}/wake`;
    const body = { need: needOf(options), cap_dollars: options.cap, snapshot_id: options.snapshot };
    if (options['dry-run']) {
      const quote = await engine.post<QuoteJson>(path, { ...body, dry_run: true }, signal);
      if (screen.json) screen.printJson(quote);
      else screen.print(...quoteLines(name, quote, screen));
      return 0;
    }
    const ask = (set_aside: boolean) => engine.post<OperationJson>(path, { ...body, set_aside }, signal);
    return await wakeAndFollow(name, () => askAgreed(ask, name, screen, signal), {
      engine,
      screen,
      signal,
      detach: options.detach,
    });
  },
});
