import type { CreateJson } from '../../http/json/create.ts';
import type { WorkspaceJson } from '../../http/json/instance.ts';
import type { PlansJson } from '../../http/json/plan.ts';
import { command } from '../command.ts';
import type { EngineClient } from '../engine-client.ts';
import { planPriceLines } from '../plan-price.ts';
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
    else {
      const chosen = body.plan !== undefined || body.backup_every_ms !== undefined;
      const price = chosen ? await priceLines(made, engine, signal) : [];
      screen.print(
        `${made.id} is described and asleep; it costs nothing yet.`,
        `  dumont wake ${made.id} --dry-run`,
        `  dumont wake ${made.id}`,
        ...price,
      );
    }
    return 0;
  },
});

/** What the plan that was chosen costs when it is used. */
async function priceLines(
  { id, spec }: WorkspaceJson,
  engine: EngineClient,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const plans = await engine.get<PlansJson>('/api/v1/plans', { instance_id: id }, signal);
  return planPriceLines(plans, { workspace: id, choice: spec, before: null, costs: 'costs' }, create);
}
