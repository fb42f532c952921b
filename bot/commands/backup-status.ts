import { command, WORKSPACE } from '../command.ts';

export const backupStatus = command({
  path: 'backup status',
  verb: 'snapshots',
  say: {
    en: 'Up to when everything is safe, and what is kept',
    pt: 'Até quando tudo está seguro, e o que está guardado',
  },
  options: { workspace: WORKSPACE },
  async run({ options: { workspace }, engine, words, now }) {
    const [view] = await engine.status(workspace);
    const snapshots = await engine.snapshots(workspace);
    return view ? words.answer.backups(view, snapshots, now) : { content: words.say.nothing };
  },
});
