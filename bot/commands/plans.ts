import { command, text } from '../command.ts';

export const plans = command({
  path: 'plans',
  verb: 'plans',
  options: {
    workspace: text(
      { en: 'Priced for this one; else for a typical one', pt: 'Com o preço deste; sem isto, de um típico' },
      { suggests: 'workspace', max: 40 },
    ),
  },
  run: async ({ options: { workspace }, engine, words }) => words.answer.plans(await engine.plans(workspace ?? null)),
});
