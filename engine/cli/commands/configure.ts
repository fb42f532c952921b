import type { InstanceJson, WorkspaceJson } from '../../http/json/instance.ts';
import { command, flag } from '../command.ts';
import { wrong } from '../read-args.ts';
import type { Screen } from '../screen.ts';
import { type Change, changesOf } from '../spec-changes.ts';
import { SPEC, specOf } from '../spec-options.ts';
import { table } from '../table.ts';

export const configure = command({
  name: 'configure',
  takes: [{ name: 'NAME', say: 'The workspace', optional: true }],
  options: {
    ...SPEC,
    'dry-run': flag('Only say what would change'),
    schema: flag('Print the JSON Schema of a workspace file, for editors; needs no NAME'),
  },
  examples: [
    ['dumont configure lab --gpu "RTX 4090"', 'what is not named stays'],
    ['dumont configure lab --file workspace.yaml --dry-run', 'what would change'],
    ['dumont configure --schema > workspace.schema.json', ''],
  ],
  async run({ words: [name], options, engine, screen, signal }) {
    if (options.schema) {
      const { workspaceSchema } = await import('../workspace-file/schema.ts');
      screen.print(JSON.stringify(workspaceSchema(), null, 2));
      return 0;
    }
    if (name === undefined) throw wrong(configure, 'needs NAME: the workspace');
    const asked = await specOf(options);
    if (Object.keys(asked).length === 0) throw wrong(configure, 'needs at least one thing to change');
    const path = `/api/v1/instances/${encodeURIComponent(name)}`;
    const before = await engine.get<InstanceJson>(path, {}, signal);
    const changes = changesOf(before.spec, asked);
    const dry = options['dry-run'] || changes.length === 0;
    const after = dry ? before : await engine.patch<WorkspaceJson>(path, asked, signal);
    if (screen.json) screen.printJson(options['dry-run'] ? { changes } : after);
    else if (changes.length === 0) screen.print(`${name} is like that already; nothing was changed.`);
    else screen.print(`${name} ${dry ? 'would change' : 'is changed'}:`, ...changeLines(changes, before, screen));
    return 0;
  },
});

function changeLines(changes: readonly Change[], { machine }: InstanceJson, { width, paint }: Screen): string[] {
  const rows = table(
    [
      { title: '', of: (it) => it.field, style: () => 'bold' },
      { title: '', of: (it) => `${it.from} → ${it.to}`, min: 20 },
      { title: '', of: (it) => (machine && it.nextWake ? 'from the next wake' : ''), style: () => 'yellow' },
    ],
    changes,
    { width: width - 2, paint, titles: false },
  );
  return rows.map((line) => `  ${line}`);
}
