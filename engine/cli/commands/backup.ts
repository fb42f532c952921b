import { didYouMean } from '../../domain/near.ts';
import type { OperationJson } from '../../http/json/operation.ts';
import { allInstances } from '../all-instances.ts';
import { askAndConclude } from '../ask-and-conclude.ts';
import { command, type Given, oneOf, text, texts } from '../command.ts';
import { fieldsOf } from '../name-value.ts';
import { wrong } from '../read-args.ts';
import { showSnapshots } from '../show-snapshots.ts';
import { RESTORE, restoreWorkspace } from './restore.ts';

const TYPES = ['full', 'incremental', 'snapshot', 'checkpoint'] as const;
const OPTIONS = {
  ...RESTORE,
  message: text('TEXT', 'Of "create": what it is'),
  tag: texts('TAG', 'Of "create": a word to find it by; of "list": only those with it'),
  extra: texts('NAME=VALUE', 'Of "create": a field of your own'),
  type: oneOf('TYPE', 'Of "create": full, incremental, snapshot or checkpoint', TYPES),
};
type Call = Given<typeof OPTIONS>;

const ACTIONS: Readonly<Record<string, (name: string, call: Call) => Promise<number>>> = {
  list: async (name, { options, engine, screen, signal }) => {
    await showSnapshots(name, { tag: options.tag?.at(-1) }, engine, screen, signal);
    return 0;
  },
  create,
  restore: async (name, call) => await restoreWorkspace(name, call, { name: 'backup restore' }),
};

export const backup = command({
  name: 'backup',
  takes: [
    { name: 'ACTION', say: 'list, create or restore' },
    { name: 'NAME', say: 'The workspace; not needed by who has only one, nor by "list"', optional: true },
  ],
  options: OPTIONS,
  examples: [
    ['dumont backup list', 'of each workspace, newest first'],
    ['dumont backup restore --latest', 'the same as waking it'],
    ['dumont backup restore --date "2024-01-15 14:30"', 'the newest that existed then'],
    ['dumont backup restore --path /workspace/model.py', 'one file, back onto the running machine'],
  ],
  async run(given) {
    const [action = '', name] = given.words;
    const call = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (!call)
      throw wrong(
        backup,
        `knows list, create and restore, not "${action}".${didYouMean(action, Object.keys(ACTIONS))}`,
      );
    if (name === undefined && action === 'list' && !given.screen.json) return await listAll(given);
    return await call(name ?? (await onlyOne(given)), given);
  },
});

async function listAll({ options, engine, screen, signal }: Call): Promise<number> {
  for (const { id } of await allInstances(engine, signal)) {
    screen.print(screen.paint('bold', id));
    await showSnapshots(id, { tag: options.tag?.at(-1) }, engine, screen, signal);
  }
  return 0;
}

async function create(name: string, { options, engine, screen, signal }: Call): Promise<number> {
  const body = {
    project_id: name,
    description: options.message ?? '',
    tags: options.tag ?? [],
    extra: fieldsOf(options.extra ?? []),
    ...(options.type !== undefined && { backup_type: options.type.toUpperCase() }),
  };
  const ask = () => engine.post<OperationJson>('/api/v1/backup/create', body, signal);
  return await askAndConclude(name, 'snapshot', ask, { engine, screen, signal, detach: options.detach });
}

async function onlyOne({ engine, signal }: Call): Promise<string> {
  const instances = await allInstances(engine, signal);
  if (instances.length === 1 && instances[0]) return instances[0].id;
  const names = instances.map(({ id }) => id).join(', ');
  throw wrong(backup, instances.length === 0 ? ': there is no workspace yet' : `needs NAME: one of ${names}`);
}
