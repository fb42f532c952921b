import { Failure, isFailure, reasonOf } from '../domain/failures.ts';
import { didYouMean } from '../domain/near.ts';
import type { InstancesJson } from '../http/json/instance.ts';
import { asCalled, CALLED } from './called.ts';
import { engineClient } from './engine-client.ts';
import { painter, type Screen } from './screen.ts';

/** Says what went wrong and what to do, and returns the exit code that goes with it. */
export async function complain(thrown: unknown, screen: Screen): Promise<number> {
  const failure = isFailure(thrown) ? thrown : new Failure('internal', { why: reasonOf(thrown) }, { cause: thrown });
  const { http, exit, retry } = failure.row;
  if (screen.json) {
    const { code, message, facts } = failure;
    screen.printJson({ type: `urn:dumont:problem:${code}`, status: http, detail: message, code, facts, retry });
    return exit;
  }
  const { stderr } = process;
  stderr.write(`${painter(stderr)('red', asCalled(`${failure.message}${await hint(failure)}`, CALLED))}\n`);
  if (failure !== thrown && thrown instanceof Error) stderr.write(`${thrown.stack}\n`);
  return exit;
}

async function hint({ code, facts }: Failure): Promise<string> {
  if (code === 'workspace_awake')
    return ` "dumont hibernate ${facts.workspace}" does that${facts.here ? '; --here brings the files onto that machine instead' : ''}.`;
  if (code !== 'no_such_workspace' || typeof facts.workspace !== 'string') return '';
  try {
    const { instances } = await engineClient().get<InstancesJson>('/api/v1/instances');
    return didYouMean(
      facts.workspace,
      instances.map(({ id }) => id),
    );
  } catch {
    return ''; // it was only a courtesy
  }
}
