import { RunReply } from '../../domain/agent-protocol.ts';
import { Failure, reasonOf } from '../../domain/failures.ts';
import { AgentAnswer, type AgentStatus } from '../../domain/heartbeat.ts';
import type { Wire } from './door.ts';

/** A way to be heard. Rejects when there is no answer. */
export type Voice = (status: AgentStatus, signal: AbortSignal) => Promise<AgentAnswer>;

export function voiceOverHttp({ url, token }: { readonly url: string; readonly token: string }): Voice {
  return async (status, signal) => {
    const reply = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(status),
      redirect: 'error', // the token is for this address alone
      signal,
    });
    if (!reply.ok) {
      await reply.body?.cancel();
      throw new Failure('bad_request', { why: `the engine answered ${reply.status}` });
    }
    return AgentAnswer.parse(await reply.json());
  };
}

/** Whoever stays attached carries what is said to the engine and brings its answers back. */
export interface Attached {
  readonly voice: Voice;
  /** Until it hangs up. */
  attach(wire: Wire): Promise<void>;
  readonly count: () => number;
}

export function attachedVoice(onAttach: () => void): Attached {
  const wires = new Set<Wire>();
  let answered: PromiseWithResolvers<AgentAnswer> | null = null;
  return {
    count: () => wires.size,
    async voice(status, signal) {
      if (wires.size === 0) throw new Failure('bad_request', { why: 'nobody is attached' });
      answered = Promise.withResolvers();
      const { promise, reject } = answered;
      const give = (): void => reject(signal.reason);
      signal.addEventListener('abort', give, { once: true });
      for (const wire of wires) wire.say({ event: 'status', status });
      try {
        return await promise;
      } finally {
        signal.removeEventListener('abort', give);
      }
    },
    async attach(wire) {
      wires.add(wire);
      onAttach();
      try {
        for (;;) {
          const line = await wire.next(wire.deaf);
          if (line === null) return;
          const reply = RunReply.safeParse(JSON.parse(line));
          if (reply.success) answered?.resolve(reply.data.answer);
          else wire.say({ event: 'failed', code: 'bad_request', why: reasonOf(reply.error) });
        }
      } finally {
        wires.delete(wire);
      }
    },
  };
}
