import { command, number, required, text, WORKSPACE } from '../command.ts';
import { plain } from '../discord/message.ts';

export const standby = command({
  path: 'standby',
  verb: 'standby',
  changes: ({ do: what }) => what !== 'status',
  options: {
    workspace: WORKSPACE,
    do: required(
      text(
        { en: 'Whether it has one', pt: 'Se tem uma' },
        {
          choices: [
            { value: 'status', say: { en: 'status', pt: 'situação' } },
            { value: 'on', say: { en: 'on', pt: 'ligar' } },
            { value: 'off', say: { en: 'off', pt: 'desligar' } },
          ],
        },
      ),
    ),
    agreed: number(
      { en: 'Dollars a month that you agree to', pt: 'Dólares por mês com que você concorda' },
      { min: 0 },
    ),
  },
  async run({ options: { workspace, do: what, agreed }, engine, asked, confirm, words }) {
    const now = await engine.standby(workspace);
    if (what === 'status') return { content: words.say.standby(plain(workspace), now) };
    if (what === 'on' && agreed === undefined && now.dollarsPerMonth !== null)
      return await confirm(words.confirm.standby(plain(workspace), now), null, { agreed: now.dollarsPerMonth });
    const how = { on: what === 'on', agreedDollarsPerMonth: agreed ?? null };
    return { content: words.say.standby(plain(workspace), await engine.standBy(workspace, how, asked)) };
  },
  async confirmed({ options: { workspace, agreed }, engine, asked, words }) {
    const how = { on: true, agreedDollarsPerMonth: agreed ?? null };
    return { content: words.say.standby(plain(workspace), await engine.standBy(workspace, how, asked)), embeds: [] };
  },
});
