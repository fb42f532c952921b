import type { InstanceJson } from '../../http/json/instance.ts';
import type { OperationJson } from '../../http/json/operation.ts';
import { command, flag, text, WORKSPACE } from '../command.ts';
import { confirm } from '../confirm.ts';
import { askAndFollow, conclude, stoppedFollowing } from '../follow.ts';
import { wrong } from '../read-args.ts';
import { ago } from '../words.ts';

export const abandon = command({
  name: 'abandon',
  takes: [WORKSPACE],
  options: { why: text('TEXT', 'Why; kept for the record beside your name'), detach: flag('Do not follow it') },
  examples: [['dumont abandon lab --why "the disk is dead"', 'asks before it does anything']],
  async run({ words: [name = ''], options, engine, screen, signal }) {
    if (!options.why?.trim()) throw wrong(abandon, 'needs --why TEXT: it is kept for the record');
    const instance = await engine.get<InstanceJson>(`/api/v1/instances/${encodeURIComponent(name)}`, {}, signal);
    const saved = instance.newest_snapshot;
    const left = saved
      ? `The newest snapshot is of ${ago(saved.created_at, Date.now())}`
      : 'There is no snapshot of it';
    await confirm(
      `This destroys what is on the machine of ${name} and is in no backup. ${left}.`,
      name,
      screen,
      signal,
    );
    const path = `/api/v1/instances/${encodeURIComponent(name)}/abandon`;
    const ask = () => engine.post<OperationJson>(path, { why: options.why }, signal);
    const ended = options.detach ? await ask() : await askAndFollow(name, ask, { engine, screen, signal });
    return ended ? conclude(ended, screen) : stoppedFollowing({ verb: 'release', workspace: name }, screen);
  },
});
