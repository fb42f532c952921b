import { command } from '../command.ts';

export const reportList = command({
  path: 'report list',
  verb: 'report',
  say: { en: 'Which reports are posted by themselves', pt: 'Quais relatórios são publicados sozinhos' },
  run: async ({ engine, words }) => words.answer.reports(await engine.reports()),
});
