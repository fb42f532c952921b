import type { CreateJson } from '../../http/json/create.ts';
import type { WorkspaceJson } from '../../http/json/instance.ts';
import { command } from '../command.ts';
import { SPEC, specOf } from '../spec-options.ts';

export const create = command({
  name: 'create',
  takes: [{ name: 'NAME', say: 'Lower-case letters, digits and dashes' }],
  options: SPEC,
  examples: [
    ['dumont create lab --gpu "RTX 4090"', 'nothing is rented yet'],
    ['dumont create lab --vram 24 --max-price 0.50 --ssh-key ~/.ssh/id_ed25519.pub', ''],
    ['dumont create lab --file workspace.yaml', '"dumont configure --schema" says what may stand in it'],
  ],
  async run({ words: [name = ''], options, engine, screen, signal }) {
    const body: CreateJson = { id: name, ...(await specOf(options)) };
    const made = await engine.post<WorkspaceJson>('/api/v1/instances', body, signal);
    if (screen.json) screen.printJson(made);
    else
      screen.print(
        `${made.id} is described and asleep; it costs nothing yet.`,
        `  dumont wake ${made.id} --dry-run`,
        `  dumont wake ${made.id}`,
      );
    return 0;
  },
});
