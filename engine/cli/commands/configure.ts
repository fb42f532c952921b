import type { ConfigureJson } from '../../http/json/create.ts';
import type { InstanceJson, WorkspaceJson } from '../../http/json/instance.ts';
import type { PlansJson } from '../../http/json/plan.ts';
import { command, flag } from '../command.ts';
import type { EngineClient } from '../engine-client.ts';
import { planPriceLines } from '../plan-price.ts';
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
    const cost = screen.json && !dry ? [] : await costLines(name, before, asked, dry, engine, signal);
    const after = dry ? before : await engine.patch<WorkspaceJson>(path, asked, signal);
    if (screen.json) screen.printJson(options['dry-run'] ? { changes } : after);
    else if (changes.length === 0) screen.print(`${name} is like that already; nothing was changed.`);
    else
      screen.print(`${name} ${dry ? 'would change' : 'is changed'}:`, ...changeLines(changes, before, screen), ...cost);
    return 0;
  },
});

/** What storage costs with another plan or interval, before it is chosen. */
async function costLines(
  name: string,
  { spec }: InstanceJson,
  { plan = spec.plan, backup_every_ms = spec.backup_every_ms }: ConfigureJson,
  dry: boolean,
  engine: EngineClient,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (plan === spec.plan && backup_every_ms === spec.backup_every_ms) return [];
  const plans = await engine.get<PlansJson>('/api/v1/plans', { instance_id: name }, signal);
  const choice = { plan, backup_every_ms };
  const costs = dry ? 'would cost' : 'costs';
  return planPriceLines(plans, { workspace: name, choice, before: spec, costs }, configure);
}

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
