import type { OperationJson } from '../../http/json/operation.ts';
import { askAndConclude } from '../ask-and-conclude.ts';
import { command, flag, text, texts, WORKSPACE } from '../command.ts';
import { fieldsOf } from '../name-value.ts';

export const snapshot = command({
  name: 'snapshot',
  takes: [WORKSPACE],
  options: {
    message: text('TEXT', 'What it is'),
    tag: texts('TAG', 'A word to find it by'),
    extra: texts('NAME=VALUE', 'A field of your own'),
    detach: flag('Do not follow it'),
  },
  examples: [['dumont snapshot lab --message "before the big refactoring" --tag paper', 'while people work on']],
  async run({ words: [name = ''], options, engine, screen, signal }) {
    const body = {
      instance_id: name,
      description: options.message ?? '',
      tags: options.tag ?? [],
      extra: fieldsOf(options.extra ?? []),
    };
    const ask = () => engine.post<OperationJson>('/api/v1/snapshots', body, signal);
    return await askAndConclude(name, 'snapshot', ask, { engine, screen, signal, detach: options.detach });
  },
});
