import { below } from '../below.ts';
import { command, SNAPSHOT, text, WORKSPACE } from '../command.ts';

export const snapshotFiles = command({
  path: 'snapshot files',
  verb: 'files',
  options: {
    workspace: WORKSPACE,
    snapshot: SNAPSHOT,
    folder: text(
      { en: 'What lies in this directory; the top if missing', pt: 'O que há neste diretório; sem isto, o topo' },
      { max: 1_000 },
    ),
    compare: text(
      { en: 'How this snapshot differs from that one', pt: 'Em que este snapshot difere daquele' },
      { suggests: 'snapshot', min: 4, max: 64 },
    ),
  },
  async run({ options: { workspace, snapshot, folder = '', compare }, engine, words, signal }) {
    if (compare !== undefined)
      return words.answer.differences(snapshot, compare, await engine.diff(workspace, snapshot, compare, signal));
    const at = below(folder);
    return words.answer.files(
      snapshot,
      at,
      await engine.files(workspace, snapshot, { folder: at, deep: false }, signal),
    );
  },
});
