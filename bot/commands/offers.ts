import { command } from '../command.ts';
import { NEED, needOf } from '../need.ts';

export const offers = command({
  path: 'offers',
  verb: 'offers',
  options: NEED,
  run: async ({ options, engine, words, now, signal }) =>
    words.answer.offers(await engine.offers(needOf(options), signal), now),
});
