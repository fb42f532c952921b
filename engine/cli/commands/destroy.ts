import { Failure } from '../../domain/failures.ts';
import type { SnapshotsJson } from '../../http/json/snapshot.ts';
import { command, flag, WORKSPACE } from '../command.ts';
import { confirm } from '../confirm.ts';
import { plural } from '../words.ts';

export const destroy = command({
  name: 'destroy',
  takes: [WORKSPACE],
  options: { purge: flag('Its snapshots too, for ever') },
  examples: [['dumont destroy lab --purge', 'forget the workspace and remove its snapshots']],
  async run({ words: [name = ''], options, engine, screen, signal }) {
    const { total } = await engine.get<SnapshotsJson>('/api/v1/snapshots', { instance_id: name, limit: 1 }, signal);
    const what = `${name} and its ${plural(total, 'snapshot')}`;
    if (!options.purge)
      throw new Failure('confirmation_needed', { why: `This removes ${what} for ever; say so with --purge.` });
    await confirm(`This removes ${what} for ever.`, name, screen, signal);
    await engine.remove(`/api/v1/instances/${encodeURIComponent(name)}`, { purge: true }, signal);
    if (screen.json) screen.printJson({ destroyed: name });
    else screen.print(`Removed ${what}.`);
    return 0;
  },
});
