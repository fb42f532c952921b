import type * as z from 'zod';
import { Failure, reasonOf } from '../../domain/failures.ts';

/** A marketplace's API: where it is, who asks, and how long it may take to answer. */
export interface Service {
  readonly marketplace: string;
  readonly base: string;
  readonly headers: (signal: AbortSignal) => Promise<Readonly<Record<string, string>>>;
  readonly timeoutMs: number;
}

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  /** Sent as a form instead of as JSON. */
  readonly form?: Readonly<Record<string, string>>;
  /** Awaited right before the request leaves; what it throws forbids it. */
  readonly depart?: () => Promise<void>;
}

/** What came back, whatever its status. Marketplaces answer errors as JSON, as text or with nothing. */
export interface Answer {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: Headers;
  readonly text: string;
  /** Undefined where the body is no JSON. */
  readonly json: unknown;
}

/** One request, once. No answer at all is `Failure('marketplace_down')`; then nobody knows what the other side did. */
export async function call(service: Service, request: Request, signal: AbortSignal): Promise<Answer> {
  signal.throwIfAborted();
  const headers = await service.headers(signal);
  const url = new URL(service.base + request.path);
  for (const [name, value] of Object.entries(request.query ?? {}))
    if (value !== undefined) url.searchParams.set(name, value);
  await request.depart?.();
  signal.throwIfAborted();
  const late = AbortSignal.timeout(service.timeoutMs);
  try {
    const reply = await fetch(url, {
      method: request.method,
      headers: { accept: 'application/json', ...(request.body !== undefined && JSON_BODY), ...headers },
      ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
      ...(request.form !== undefined && { body: new URLSearchParams(request.form) }),
      redirect: 'error',
      signal: AbortSignal.any([signal, late]),
    });
    const text = await reply.text();
    return { status: reply.status, ok: reply.ok, headers: reply.headers, text, json: jsonOf(text) };
  } catch (cause) {
    signal.throwIfAborted();
    const why = late.aborted ? `it did not answer within ${service.timeoutMs / 1_000} s` : reachWords(cause);
    throw new Failure('marketplace_down', { marketplace: service.marketplace, why }, { cause });
  }
}

/** The body in the shape that we rely on; anything else is not an answer. */
export function shaped<T>(schema: z.ZodType<T>, answer: Answer, marketplace: string): T {
  const read = schema.safeParse(answer.json);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue?.path.join('.') || 'the answer';
  throw new Failure('marketplace_down', { marketplace, why: `${where}: ${issue?.message ?? 'unknown'}` });
}

const JSON_BODY = { 'content-type': 'application/json' };

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** What fetch says is "fetch failed"; the reason is in its cause. */
function reachWords(cause: unknown): string {
  const inner = cause instanceof Error ? cause.cause : undefined;
  return inner === undefined ? reasonOf(cause) : reasonOf(inner);
}
