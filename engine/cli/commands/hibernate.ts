import type { OperationJson } from '../../http/json/operation.ts';
import { command, flag, WORKSPACE } from '../command.ts';
import { askAndFollow, conclude, stoppedFollowing } from '../follow.ts';
import { begun } from '../wake-and-follow.ts';

export const hibernate = command({
  name: 'hibernate',
  takes: [WORKSPACE],
  options: {
    'lose-excluded': flag('Go on although some files are in no backup; "dumont hibernate" lists them first'),
    detach: flag('Do not follow it'),
  },
  examples: [['dumont hibernate lab', 'save everything, prove it, end the machine']],
  async run({ words: [name = ''], options, engine, screen, signal }) {
    const path = `/api/v1/instances/${encodeURIComponent(name)}/hibernate`;
    const ask = () => engine.post<OperationJson>(path, { agreed_to_lose: options['lose-excluded'] }, signal);
    if (options.detach) return begun(await ask(), screen);
    const ended = await askAndFollow(name, ask, { engine, screen, signal });
    return ended ? conclude(ended, screen) : stoppedFollowing({ verb: 'hibernation', workspace: name }, screen);
  },
});
