import { command, flag, number, WORKSPACE } from '../command.ts';
import { NEED, needOf } from '../need.ts';

export const wake = command({
  path: 'wake',
  verb: 'wake',
  changes: ({ dry_run: dry }) => !dry,
  options: {
    workspace: WORKSPACE,
    ...NEED,
    cap: number(
      {
        en: 'Stop renting when this wake alone would cost more',
        pt: 'Para de alugar quando só este despertar custar mais',
      },
      { min: 0.01, max: 10_000 },
    ),
    dry_run: flag({
      en: 'Only say what it would cost and how long it would take',
      pt: 'Só diz quanto custaria e quanto demoraria',
    }),
  },
  async run({ options, engine, asked, follow, words }) {
    const { workspace, cap, dry_run: dry } = options;
    const how = { need: needOf(options), ...(cap !== undefined && { capDollars: cap }) };
    if (dry) return words.answer.quote(workspace, await engine.quote(workspace, how));
    return await follow(await engine.wake(workspace, how, asked));
  },
});
