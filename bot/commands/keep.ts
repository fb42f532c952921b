import { readSpan } from '../../engine/domain/span.ts';
import { command, text, WORKSPACE } from '../command.ts';
import { plain } from '../discord/message.ts';

export const keep = command({
  path: 'keep',
  verb: 'keep',
  changes: true,
  options: {
    workspace: WORKSPACE,
    for: text(
      {
        en: '90m, 2h, 1d; "end": not any longer. Without it: one hour',
        pt: '90m, 2h, 1d; "end": não mais. Sem isto: uma hora',
      },
      { max: 20 },
    ),
    why: text(
      { en: 'Why, for whoever wonders what it costs', pt: 'Por quê, para quem perguntar quanto custa' },
      { max: 200 },
    ),
  },
  async run({ options: { workspace, for: span = '1h', why = '' }, engine, asked, words }) {
    const forMs = span.trim().toLowerCase() === 'end' ? null : readSpan(span);
    const { keep: kept } = await engine.keep(workspace, { forMs, why }, asked);
    const [view] = kept ? await engine.status(workspace) : [];
    const until = kept && Math.floor(kept.until / 1_000);
    return { content: words.say.kept(plain(workspace), until, view?.sight === 'asleep') };
  },
});
