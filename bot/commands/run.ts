import { command, flag, required, text, WORKSPACE } from '../command.ts';
import { splitWords } from '../split-words.ts';

export const run = command({
  path: 'run',
  verb: 'run',
  changes: true,
  options: {
    workspace: WORKSPACE,
    command: required(
      text(
        {
          en: 'The program and its arguments: python train.py --epochs 3',
          pt: 'O programa e seus argumentos: python train.py --epochs 3',
        },
        { max: 4_000, secret: true },
      ),
    ),
    stay_awake: flag({
      en: 'Do not put it to sleep when the program has ended',
      pt: 'Não o põe para dormir quando o programa terminar',
    }),
  },
  async run({ options: { workspace, command: line, stay_awake: stay = false }, engine, asked, follow, words }) {
    const how = { argv: splitWords(line, words), thenHibernate: !stay };
    return await follow(await engine.run(workspace, how, asked));
  },
});
