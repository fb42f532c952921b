import * as z from 'zod';
import { Failure } from '../../domain/failures.ts';
import type { EndCall } from '../../domain/heartbeat.ts';
import { type MicroDollars, microDollars } from '../../domain/money.ts';
import { call, type Service, shaped } from '../http/call.ts';
import { refusalOf } from './refusals.ts';

/**
 * What REST v2 does not tell: how much is left on the account. GraphQL ends early in 2027; then this file goes, and with
 * it `credit` and the second call of `endItself` in runpod.ts.
 */
export async function balanceOf(service: Service, signal: AbortSignal): Promise<MicroDollars> {
  const body = { query: 'query { myself { clientBalance } }' };
  const answer = await call(service, { method: 'POST', path: '/graphql', body }, signal);
  if (!answer.ok) throw refusalOf(answer);
  const { data, errors } = shaped(Reply, answer, service.marketplace);
  if (data?.myself) return microDollars(data.myself.clientBalance);
  const why = errors?.map(({ message }) => message).join('; ') || 'GraphQL says nothing of the account';
  throw new Failure('marketplace_down', { marketplace: service.marketplace, why });
}

/** The call by which `runpodctl remove pod` ends the pod that it runs on. */
export function endByGraphql(api: string, instance: string, headers: EndCall['headers']): EndCall {
  const query = `mutation { podTerminate(input: { podId: ${JSON.stringify(instance)} }) }`;
  const body = JSON.stringify({ query });
  return { method: 'POST', url: `${api}/graphql`, headers: { ...headers, 'content-type': 'application/json' }, body };
}

/** Errors come with status 200. */
const Reply = z.object({
  data: z.object({ myself: z.object({ clientBalance: z.number() }).nullable() }).nullish(),
  errors: z.array(z.object({ message: z.string() })).optional(),
});
