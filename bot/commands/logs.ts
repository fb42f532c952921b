import { command, integer, WORKSPACE } from '../command.ts';
import { talkOf } from '../panels/story.ts';

const SHOWN = 15;
const PAST_MAX = 1_000;

export const logs = command({
  path: 'logs',
  verb: 'logs',
  options: {
    workspace: WORKSPACE,
    last: integer({ en: 'So many lines', pt: 'Tantas linhas' }, { min: 1, max: 50 }),
  },
  async run({ options: { workspace, last = SHOWN }, engine, words, now }) {
    const told = (await engine.past(0, workspace, PAST_MAX)).filter(({ event }) => !event.endsWith('.progress'));
    return words.answer.logs(
      workspace,
      told.slice(-last).map((one) => ({ at: one.at, say: words.event(talkOf(one), now) })),
      now,
    );
  },
});
