import { command, flag, text } from '../command.ts';
import { statusPanel } from '../panels/openings.ts';
import { statusMessage } from '../panels/status.ts';

export const status = command({
  path: 'status',
  verb: 'status',
  options: {
    workspace: text(
      { en: 'Only this one, with everything about it', pt: 'Só este, com tudo sobre ele' },
      { suggests: 'workspace', max: 40 },
    ),
    at_risk: flag({
      en: 'What would be lost if its machine ended now',
      pt: 'O que se perderia se a máquina acabasse agora',
    }),
    panel: flag({
      en: 'Post a list in this channel that renews itself',
      pt: 'Publica neste canal uma lista que se renova sozinha',
    }),
  },
  async run({ options, engine, words, now, panels, guild, deed, who, signal }) {
    const { workspace, at_risk: risk, panel } = options;
    if (panel) {
      if (who.role !== 'admin') return { content: words.say.onlyAdmins };
      const opening = statusPanel(guild, deed.channel);
      await panels.remove(opening.id); // one in a channel, below what was said meanwhile
      const mine = (await engine.status(null)).map((view) => view.workspace.id);
      const opened = await panels.open({ ...opening, facts: { workspaces: mine } });
      return { content: opened.message === null ? words.say.cannotPost : words.say.panelPosted };
    }
    if (workspace === undefined) return statusMessage(await engine.status(null), words, false);
    if (risk) return words.answer.risk(workspace, await engine.atRisk(workspace, signal), now);
    const [view] = await engine.status(workspace);
    return view ? words.answer.one(view, now) : { content: words.say.nothing };
  },
});
