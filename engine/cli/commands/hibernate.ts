import type { InstanceJson } from '../../http/json/instance.ts';
import type { OperationJson } from '../../http/json/operation.ts';
import type { RiskJson } from '../../http/json/risk.ts';
import { askAndConclude } from '../ask-and-conclude.ts';
import { command, flag, WORKSPACE } from '../command.ts';
import { confirm } from '../confirm.ts';
import type { EngineClient } from '../engine-client.ts';
import { noBackupLines } from '../risk-lines.ts';
import type { Screen } from '../screen.ts';

export const hibernate = command({
  name: 'hibernate',
  takes: [WORKSPACE],
  options: {
    'lose-excluded': flag('Go on although some files are in no backup; they are listed, and you are asked'),
    detach: flag('Do not follow it'),
  },
  examples: [
    ['dumont hibernate lab', 'save everything, prove it, end the machine'],
    ['dumont hibernate lab --lose-excluded', 'also when a file is too large for a backup, say'],
  ],
  async run({ words: [name = ''], options, engine, screen, signal }) {
    const path = `/api/v1/instances/${encodeURIComponent(name)}`;
    await askAboutPrograms(await engine.get<InstanceJson>(path, {}, signal), screen, signal);
    const agreed = options['lose-excluded'] ? await agreeToLose(name, engine, screen, signal) : [];
    const ask = () => engine.post<OperationJson>(`${path}/hibernate`, { agreed_to_lose: agreed }, signal);
    return await askAndConclude(name, 'hibernation', ask, { engine, screen, signal, detach: options.detach });
  },
});

/** What was started by us and has not ended would end in the middle. */
async function askAboutPrograms({ id, jobs }: InstanceJson, screen: Screen, signal: AbortSignal): Promise<void> {
  if (jobs.length === 0) return;
  const programs = jobs.map(({ command: program }) => `"${program}"`).join(' and ');
  await confirm(
    `${programs} still ${jobs.length === 1 ? 'runs' : 'run'} on ${id}, and ends with its machine.`,
    id,
    screen,
    signal,
  );
}

/** Agreed to is what was shown, and nothing that turns up later. */
async function agreeToLose(
  name: string,
  engine: EngineClient,
  screen: Screen,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const path = `/api/v1/instances/${encodeURIComponent(name)}/at-risk`;
  const { files } = await engine.get<RiskJson>(path, {}, signal);
  if (files.length === 0) return [];
  screen.note(...noBackupLines(files, screen));
  await confirm(`The machine of ${name} ends, and with it what is listed above, for ever.`, name, screen, signal);
  return files.map(({ path: file }) => file);
}
