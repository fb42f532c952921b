import type { WorkspaceJson } from '../../http/json/instance.ts';
import { command, flag, WORKSPACE } from '../command.ts';
import { wrong } from '../read-args.ts';

export const share = command({
  name: 'share',
  takes: [WORKSPACE, { name: 'WITH', say: 'The account of the other person' }],
  options: {
    work: flag('They may wake it, work on it and put it to sleep; without this they may look'),
    end: flag('No longer'),
  },
  examples: [
    ['dumont share lab joao', 'he sees what it does, and its snapshots'],
    ['dumont share lab joao --work', 'he works with it as you do, but cannot destroy or share it'],
    ['dumont share lab joao --end', ''],
  ],
  async run({ words: [name = '', other = ''], options: { work, end }, engine, screen, signal }) {
    if (work && end) throw wrong(share, 'takes one of --work and --end');
    const path = `/api/v1/instances/${encodeURIComponent(name)}/shares/${encodeURIComponent(other)}`;
    if (end) await engine.remove(path, {}, signal);
    else await engine.put<WorkspaceJson>(path, { role: work ? 'operator' : 'viewer' }, signal);
    const { shares } = await engine.get<WorkspaceJson>(`/api/v1/instances/${encodeURIComponent(name)}`, {}, signal);
    if (screen.json) screen.printJson({ id: name, shares });
    else
      screen.print(
        shares.length === 0
          ? `${name} is shared with nobody.`
          : `${name} is shared with ${shares.map(inWords).join(', ')}.`,
      );
    return 0;
  },
});

const inWords = (it: WorkspaceJson['shares'][number]): string =>
  `${it.with} (${it.role === 'viewer' ? 'looks' : 'works'})`;
