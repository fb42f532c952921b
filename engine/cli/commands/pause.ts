import type { OperationJson } from '../../http/json/operation.ts';
import { askAndConclude } from '../ask-and-conclude.ts';
import { command, flag, WORKSPACE } from '../command.ts';
import { wakeAndFollow } from '../wake-and-follow.ts';

const DETACH = { detach: flag('Do not follow it') };

export const pause = command({
  name: 'pause',
  takes: [WORKSPACE],
  options: DETACH,
  examples: [['dumont pause lab', 'saved, and its machine stopped in place; the disk goes on costing']],
  async run({ words: [name = ''], options, engine, screen, signal }) {
    const ask = () => engine.post<OperationJson>(`/api/v1/instances/${encodeURIComponent(name)}/pause`, {}, signal);
    return await askAndConclude(name, 'pause', ask, { engine, screen, signal, detach: options.detach });
  },
});

export const resume = command({
  name: 'resume',
  takes: [WORKSPACE],
  options: DETACH,
  examples: [['dumont resume lab', 'the same machine, with what lay on its disk']],
  async run({ words: [name = ''], options: { detach }, engine, screen, signal }) {
    const ask = () => engine.post<OperationJson>(`/api/v1/instances/${encodeURIComponent(name)}/resume`, {}, signal);
    return await wakeAndFollow(name, ask, { engine, screen, signal, detach });
  },
});
