import { command, required, text } from '../command.ts';

export const reportRemove = command({
  path: 'report remove',
  verb: 'report',
  say: { en: 'Post it no longer', pt: 'Não publicar mais' },
  changes: true,
  options: { report: required(text({ en: 'Its id', pt: 'O id' }, { suggests: 'report', max: 60 })) },
  async run({ options: { report }, engine, asked, words }) {
    await engine.removeReport(report, asked);
    return words.answer.reports(await engine.reports());
  },
});
