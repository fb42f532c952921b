import type { OperationJson } from '../../http/json/operation.ts';
import { askAndConclude } from '../ask-and-conclude.ts';
import { command, flag, WORKSPACE } from '../command.ts';

export const rekey = command({
  name: 'rekey',
  takes: [WORKSPACE],
  options: { detach: flag('Do not follow it') },
  examples: [
    [
      'dumont rekey lab',
      'when somebody may have learned it; the old one goes when no machine has it, and the wake image with it',
    ],
  ],
  async run({ words: [name = ''], options: { detach }, engine, screen, signal }) {
    const ask = () => engine.post<OperationJson>(`/api/v1/instances/${encodeURIComponent(name)}/rekey`, {}, signal);
    return await askAndConclude(name, 'rekey', ask, { engine, screen, signal, detach });
  },
});
