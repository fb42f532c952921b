import { Failure } from '../../engine/domain/failures.ts';
import { newestGood } from '../../engine/domain/snapshot.ts';
import { below } from '../below.ts';
import { command, required, text, WORKSPACE } from '../command.ts';
import { plain } from '../discord/message.ts';

export const restorePath = command({
  path: 'restore path',
  verb: 'restore',
  say: {
    en: 'Bring a file or directory of a snapshot back onto the running machine',
    pt: 'Traz um arquivo ou diretório de um snapshot de volta à máquina ligada',
  },
  changes: true,
  options: {
    workspace: WORKSPACE,
    path: required(text({ en: 'Such as /workspace/model.py', pt: 'Como /workspace/model.py' }, { max: 1_000 })),
    snapshot: text(
      { en: 'From this one; the newest good one if missing', pt: 'Deste; sem isto, o bom mais novo' },
      { suggests: 'snapshot', min: 4, max: 64 },
    ),
    into: text(
      {
        en: 'Into this directory of the machine, beside what is there',
        pt: 'Neste diretório da máquina, ao lado do que há lá',
      },
      { max: 1_000 },
    ),
  },
  async run({ options: { workspace, path, snapshot, into }, engine, asked, follow, confirm, words, signal }) {
    const newest = newestGood(await engine.snapshots(workspace));
    const chosen = snapshot === undefined ? newest : await engine.findSnapshot(workspace, snapshot);
    if (!chosen) throw new Failure('no_good_snapshot', { workspace, when: '' });
    const file = below(path);
    if (into !== undefined) {
      const how = { snapshot: chosen.id, path: file, into: below(into), overwrite: false };
      return await follow(await engine.bringBack(workspace, how, asked));
    }
    await engine.files(workspace, chosen.id, { folder: file, deep: false }, signal); // nobody is asked about what is not there
    const question = words.confirm.bringBack(plain(workspace), `/${file}`, chosen);
    return await confirm(question, null, { chosen: chosen.id, file });
  },
  async confirmed({ options, engine, asked, follow }) {
    const { workspace, chosen, file } = options as { workspace: string; chosen?: string; file?: string };
    const how = { snapshot: chosen ?? '', path: file ?? '', into: null, overwrite: true };
    return await follow(await engine.bringBack(workspace, how, asked));
  },
});
