import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { InstanceJson } from '../../engine/http/json/instance.ts';
import type { OperationJson } from '../../engine/http/json/operation.ts';
import type { SnapshotJson } from '../../engine/http/json/snapshot.ts';
import { Violation } from './violation.ts';

/** What people do, over HTTP. They ask again, with the same key, until somebody answers. */
export interface People {
  create(environment: Readonly<Record<string, string>>): Promise<void>;
  look(): Promise<InstanceJson>;
  snapshots(): Promise<readonly SnapshotJson[]>;
  /** Until it has an outcome; null when it was refused at once. */
  ask(what: 'wake' | 'hibernate' | 'snapshot'): Promise<OperationJson | null>;
}

export const LAB = 'lab';

export function people(home: string, stop: AbortSignal): People {
  const call = async (method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> => {
    const key = randomUUID();
    for (let waitedMs = 0; ; waitedMs += AGAIN_MS) {
      stop.throwIfAborted();
      try {
        const { url } = JSON.parse(readFileSync(join(home, 'engine.json'), 'utf8')) as { url: string };
        const token = readFileSync(join(home, 'token'), 'utf8').trim();
        const headers = {
          Authorization: `Bearer ${token}`,
          'Content-Type': 'application/json',
          'Idempotency-Key': key,
        };
        const signal = AbortSignal.any([stop, AbortSignal.timeout(ANSWER_MS)]);
        const reply = await fetch(url + path, { method, headers, body: body ? JSON.stringify(body) : null, signal });
        const answer = { status: reply.status, body: await reply.json() };
        // An engine with a new token is there, or one that cannot write right now.
        if (![401, 500, 502, 503, 507].includes(reply.status)) return answer;
        if (waitedMs > PATIENCE_MS) throw new Violation('answers', `${path}: ${JSON.stringify(answer.body)}`);
      } catch (cause) {
        stop.throwIfAborted();
        if (cause instanceof Violation) throw cause;
        if (waitedMs > PATIENCE_MS) throw new Violation('answers', `nobody answers ${method} ${path}: ${cause}`);
      }
      await sleep(AGAIN_MS);
    }
  };
  const must = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const reply = await call(method, path, body);
    if (reply.status >= 400) throw new Violation('answers', `${method} ${path}: ${JSON.stringify(reply.body)}`);
    return reply.body as T;
  };
  return {
    async create(environment) {
      await must('POST', '/api/v1/instances', { id: LAB, environment });
    },
    look: () => must('GET', `/api/v1/instances/${LAB}`),
    snapshots: async () =>
      (await must<{ snapshots: readonly SnapshotJson[] }>('GET', `/api/v1/snapshots?instance_id=${LAB}`)).snapshots,
    async ask(what) {
      const [path, body] =
        what === 'snapshot'
          ? ['/api/v1/snapshots', { instance_id: LAB, description: 'by a person' }]
          : [`/api/v1/instances/${LAB}/${what}`, {}];
      const begun = await call('POST', path as string, body as object);
      if (begun.status >= 400) return null;
      const { id } = begun.body as OperationJson;
      const until = performance.now() + OUTCOME_MS;
      for (;;) {
        const operation = await must<OperationJson>('GET', `/api/v1/operations/${id}`);
        if (operation.outcome) return operation;
        if (performance.now() > until)
          throw new Violation('ends', `${what} has no outcome after ${OUTCOME_MS / 1_000} s: ${await words()}`);
        await sleep(LOOK_MS);
      }
    },
  };

  async function words(): Promise<string> {
    const { status, why, machine } = await must<InstanceJson>('GET', `/api/v1/instances/${LAB}`);
    return `${status}, ${why}; its machine is ${machine?.state}, ${machine?.why}`;
  }
}

const AGAIN_MS = 200;
const LOOK_MS = 200;
const ANSWER_MS = 20_000;
const PATIENCE_MS = 90_000;
const OUTCOME_MS = 300_000;
