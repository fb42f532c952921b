import { command, flag, SNAPSHOT, text, WORKSPACE } from '../command.ts';
import { plain } from '../discord/message.ts';

export const snapshotPin = command({
  path: 'snapshot pin',
  verb: 'pin',
  changes: true,
  options: {
    workspace: WORKSPACE,
    snapshot: SNAPSHOT,
    why: text({ en: 'Why, for whoever wonders later', pt: 'Por quê, para quem perguntar depois' }, { max: 200 }),
    end: flag({
      en: 'It is no longer pinned',
      pt: 'Não está mais fixado',
    }),
  },
  async run({ options: { workspace, snapshot, why = '', end = false }, engine, asked, words }) {
    const { id } = await engine.pin(workspace, snapshot, { pinned: !end, why }, asked);
    return { content: words.say.pinned(id.slice(0, 8), plain(workspace), !end) };
  },
});
