import type { OperationJson, OperationsJson } from '../../http/json/operation.ts';
import { allPages } from '../all-pages.ts';
import { command, flag, number } from '../command.ts';
import { localTime } from '../local-time.ts';
import { table } from '../table.ts';
import { timeOf } from '../words.ts';

const OPERATIONS = 100;

export const operations = command({
  name: 'operations',
  takes: [{ name: 'NAME', say: 'Only of this workspace', optional: true }],
  options: {
    open: flag('Only those that have not ended'),
    limit: number('COUNT', `No more than this; ${OPERATIONS} if you do not say`),
  },
  examples: [
    ['dumont operations lab', 'what was asked of it, newest first, and how each ended'],
    ['dumont operations --open', 'what goes on right now'],
  ],
  async run({ words: [name], options: { open, limit }, engine, screen, signal }) {
    const query = { instance_id: name, ...(open && { open }) };
    const answer = await allPages<OperationsJson>(
      engine,
      '/api/v1/operations',
      query,
      'operations',
      signal,
      limit ?? OPERATIONS,
    );
    if (screen.json) screen.printJson(answer);
    else if (answer.operations.length === 0) screen.note(open ? 'Nothing goes on.' : 'Nothing was asked for yet.');
    else
      screen.print(
        ...table<OperationJson>(
          [
            { title: 'WHEN', of: (it) => localTime(timeOf(it.started_at)) },
            { title: 'WHAT', of: (it) => it.verb },
            { title: 'WORKSPACE', of: (it) => it.instance_id },
            { title: 'WHO', of: (it) => it.by },
            { title: 'RESULT', of: (it) => it.outcome?.say ?? 'goes on', min: 12 },
            { title: 'ID', of: (it) => it.id, drop: 1, style: () => 'dim' },
          ],
          answer.operations,
          screen,
        ),
      );
    return 0;
  },
});
