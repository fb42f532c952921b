import type { OffersJson } from '../../http/json/offer.ts';
import { command, number } from '../command.ts';
import { NEED, needOf } from '../need-options.ts';
import { offerTable } from '../offer-table.ts';

export const offers = command({
  name: 'offers',
  options: { ...NEED, last: number('COUNT', 'Show at most so many') },
  examples: [
    ['dumont offers --gpu "RTX 4090" --max-price 0.50', ''],
    ['dumont offers --vram 80 --region eu-west --region eu-north', ''],
  ],
  async run({ options, engine, screen, signal }) {
    const answer = await engine.get<OffersJson>('/api/v1/offers', { ...needOf(options) }, signal);
    if (screen.json) screen.printJson(answer);
    else if (answer.offers.length === 0) screen.note('No machine on offer fits.');
    else screen.print(...offerTable(answer.offers.slice(0, options.last), screen));
    return 0;
  },
});
