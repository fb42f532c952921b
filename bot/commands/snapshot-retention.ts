import { command, integer, WORKSPACE } from '../command.ts';

export const snapshotRetention = command({
  path: 'snapshot retention',
  verb: 'snapshots',
  say: {
    en: 'Which snapshots would stay and which would go now, and why; changes nothing',
    pt: 'Quais snapshots ficariam e quais sairiam agora, e por quê; não muda nada',
  },
  options: {
    workspace: WORKSPACE,
    page: integer(
      { en: 'Which page; the first has the newest', pt: 'Qual página; a primeira tem os mais novos' },
      { min: 1, max: 1000 },
    ),
  },
  run: async ({ options: { workspace, page = 1 }, engine, words }) =>
    words.answer.retention(workspace, await engine.retention(workspace), page),
});
