import * as z from 'zod';
import { isFailure } from '../../domain/failures.ts';
import type { Clock } from '../../domain/ports.ts';
import { reading } from './answer.ts';
import type { Ask } from './ask.ts';
import type { Send } from './send.ts';

const Wanted = z.object({ result_url: z.url() });

/** What a container printed. Vast puts it somewhere and says where before it is there; empty when it does not come. */
export async function containerLog(
  ask: Ask,
  send: Send,
  clock: Clock,
  instance: string,
  signal: AbortSignal,
): Promise<string> {
  const path = `/api/v0/instances/request_logs/${instance}/`;
  const asked = { route: 'logs', method: 'PUT', path, body: { tail: '1000' }, again: true } as const;
  const answer = await ask(asked, signal);
  if (!answer.ok) return '';
  const { result_url } = reading(Wanted, answer.json, 'where the log is');
  for (let looks = 0; looks < LOOKS; looks += 1) {
    await clock.sleep(LOOK_MS, signal);
    const reply = await send({ method: 'GET', url: result_url, headers: {}, body: null }, signal).catch((cause) => {
      if (signal.aborted || !isFailure(cause)) throw cause;
      return null;
    });
    if (reply?.status === 200) return reply.text;
  }
  return '';
}

/** Within the time that a first login may take. */
const LOOKS = 10;
const LOOK_MS = 300;
