import type { OperationJson } from '../../http/json/operation.ts';
import { command, flag, WORKSPACE } from '../command.ts';
import { askAndFollow, conclude, stoppedFollowing } from '../follow.ts';
import { wrong } from '../read-args.ts';
import { begun } from '../wake-and-follow.ts';

export const run = command({
  name: 'run',
  takes: [WORKSPACE],
  rest: 'COMMAND',
  options: {
    stay: flag('Do not put it to sleep afterwards'),
    detach: flag('Do not follow it'),
  },
  examples: [['dumont run lab -- python train.py', 'a checkpoint, the program, then sleep']],
  async run({ words: [name = ''], rest, options, engine, screen, signal }) {
    if (rest.length === 0) throw wrong(run, 'needs a command after "--": dumont run lab -- python train.py');
    const path = `/api/v1/instances/${encodeURIComponent(name)}/run`;
    const ask = () => engine.post<OperationJson>(path, { argv: rest, then_hibernate: !options.stay }, signal);
    if (options.detach) return begun(await ask(), screen);
    const ended = await askAndFollow(name, ask, { engine, screen, signal });
    return ended ? conclude(ended, screen) : stoppedFollowing({ verb: 'run', workspace: name }, screen);
  },
});
