import type { InstanceJson } from '../../http/json/instance.ts';
import { allInstances } from '../all-instances.ts';
import { command, flag, type Given } from '../command.ts';
import { INTERRUPTED } from '../exit-codes.ts';
import { conclude, follow, followAwake, lastEvent, stoppedFollowing } from '../follow.ts';
import { wrong } from '../read-args.ts';
import { showRisk } from '../show-risk.ts';
import { statusCard, statusTable } from '../status-lines.ts';

const OPTIONS = {
  follow: flag('Stay and show what it does until that ends'),
  'at-risk': flag('What would be lost if its machine ended now; asks the machine itself'),
};

export const status = command({
  name: 'status',
  takes: [{ name: 'NAME', say: 'Only this workspace', optional: true }],
  options: OPTIONS,
  examples: [
    ['dumont status', 'every workspace, one line each'],
    ['dumont status --at-risk', 'of every workspace that is awake: what is in no backup'],
    ['dumont status lab --follow', 'watch what it does: until that ends, or until it sleeps'],
  ],
  async run(given) {
    const { words, options, engine, screen, signal } = given;
    const [name] = words;
    if (options['at-risk']) {
      if (options.follow) throw wrong(status, 'takes either --follow or --at-risk');
      await showRisk(name, given);
      return 0;
    }
    if (name === undefined) {
      if (options.follow) throw wrong(status, 'needs NAME with --follow');
      const instances = await allInstances(engine, signal);
      if (screen.json) screen.printJson({ instances });
      else if (instances.length > 0) screen.print(...statusTable(instances, screen));
      else screen.note('No workspace yet. Describe one: dumont create lab --gpu "RTX 4090"');
      return 0;
    }
    const instance = await engine.get<InstanceJson>(`/api/v1/instances/${encodeURIComponent(name)}`, {}, signal);
    if (options.follow && instance.operation && instance.operation.ended_at === null)
      return await watch(instance, given);
    if (options.follow && instance.machine && !screen.json) {
      if (!(await followAwake(name, given))) return INTERRUPTED;
      screen.print(`${name} sleeps.`);
      return 0;
    }
    if (screen.json) screen.printJson(instance);
    else screen.print(...statusCard(instance, screen));
    return 0;
  },
});

async function watch(instance: InstanceJson, { engine, screen, signal }: Given<typeof OPTIONS>): Promise<number> {
  const { id, operation } = instance;
  if (!operation) return 0;
  const ended = await follow(id, operation, await lastEvent(engine, id, signal), { engine, screen, signal });
  return ended ? conclude(ended, screen) : stoppedFollowing({ verb: operation.verb, workspace: id }, screen);
}
