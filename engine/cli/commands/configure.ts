import type { WorkspaceJson } from '../../http/json/instance.ts';
import { command, WORKSPACE } from '../command.ts';
import { wrong } from '../read-args.ts';
import { SPEC, specOf } from '../spec-options.ts';

export const configure = command({
  name: 'configure',
  takes: [WORKSPACE],
  options: SPEC,
  examples: [['dumont configure lab --gpu "RTX 4090"', 'from the next wake on']],
  async run({ words: [name = ''], options, engine, screen, signal }) {
    const spec = specOf(options);
    if (Object.keys(spec).length === 0) throw wrong(configure, 'needs at least one thing to change');
    const path = `/api/v1/instances/${encodeURIComponent(name)}`;
    const changed = await engine.patch<WorkspaceJson>(path, spec, signal);
    if (screen.json) screen.printJson(changed);
    else screen.print(`${changed.id} is changed.`);
    return 0;
  },
});
