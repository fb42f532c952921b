import type { OffersJson } from '../../http/json/offer.ts';
import { command, number } from '../command.ts';
import { NEED, needOf } from '../need-options.ts';
import { offerTable } from '../offer-table.ts';
import { ago } from '../words.ts';

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
    if (!screen.json) for (const line of notes(answer.sources, Date.now())) screen.note(line);
    return 0;
  },
});

/** Of whom nothing came, and of whom it is not of this moment. */
function notes(sources: OffersJson['sources'], now: number): readonly string[] {
  return sources.flatMap(({ marketplace, at, offers: count, failed }) => {
    if (failed !== null) return [`Nothing from ${marketplace}: ${failed}`];
    const agoMs = now - Date.parse(at);
    return count > 0 && agoMs >= OLD_MS ? [`What ${marketplace} said ${ago(at, now)}.`] : [];
  });
}

const OLD_MS = 2_000;
