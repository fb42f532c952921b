import type { Context } from 'hono';
import * as z from 'zod';
import { type Role, reaches, type Who } from '../domain/account.ts';
import type { Accounts, Asked, Audit, Engine, LocalControl, Meter } from '../domain/doors.ts';
import { Failure, reasonOf } from '../domain/failures.ts';
import { VERBS, type VerbName } from '../domain/verbs.ts';
import type { Answers } from './idempotency.ts';
import { issueWords } from './issue-words.ts';

/** One route as data, its schemas included: requests are checked by them, and documents and clients are made from them. */
export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** As Hono writes it: `/api/v1/instances/:id`. */
  readonly path: string;
  /** The verb it serves, whose row says who may; null for what belongs to no verb. */
  readonly verb: VerbName | null;
  /** Who may ask, where no verb says it. `anyone` comes without a token. */
  readonly role: Role | 'anyone';
  /** What it is for, in one line; the verb's words where it says nothing. */
  readonly say: string | null;
  /** Other forms of the same answer, by content type. */
  readonly also: Readonly<Record<string, { readonly schema: object }>>;
  readonly params: z.ZodType;
  readonly query: z.ZodType;
  readonly body: z.ZodType;
  /** What it answers, by HTTP status; null for an answer without a body. */
  readonly answers: Readonly<Record<number, z.ZodType | null>>;
  serve(context: Context, house: House, visitor: Visitor): Promise<Response>;
}

/** What routes may reach. */
export interface House {
  readonly accounts: Accounts;
  readonly audit: Audit;
  readonly answers: Answers;
  readonly meter: Meter;
  readonly local: LocalControl | null;
  /** The engine as this person sees it. */
  readonly engineFor: (who: Who) => Engine;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
}

/** Who is at the door, and where. */
export interface Visitor {
  /** Null: they showed nothing. */
  readonly who: Who | null;
  /** Their address, as far as it can be known. */
  readonly from: string;
  /** Who they are now, by what they showed. */
  readonly again: () => Promise<Who | null>;
}

/** A checked request. */
interface Call<P, Q, B> extends House {
  readonly engine: Engine;
  readonly who: Who;
  readonly from: string;
  /** Whether what they showed still says the same of them, for answers that go on for long. */
  readonly mayStay: () => Promise<boolean>;
  /** Into the audit, in the name of whoever asks. */
  readonly record: (verb: string, on: string, result: string, why?: string) => Promise<void>;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly asked: Asked;
  readonly header: (name: string) => string | undefined;
  /** Aborted when the client leaves or the server closes. */
  readonly signal: AbortSignal;
}

type Answer = { readonly status: 200 | 201 | 202; readonly body: unknown; readonly location?: string };

interface Spec<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly method: Route['method'];
  readonly path: string;
  readonly verb: VerbName | null;
  readonly role?: Route['role'];
  readonly say?: string;
  readonly also?: Route['also'];
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly answers: Route['answers'];
  answer(call: Call<z.output<P>, z.output<Q>, z.output<B>>): Promise<Answer | Response>;
}

/** Whoever showed nothing, at a door that is open to anyone. */
const NOBODY: Who = { name: 'nobody', role: 'viewer', workspaces: [], by: 'token' };

const Nothing = z.strictObject({});
type Nothing = typeof Nothing;

export function route<P extends z.ZodType = Nothing, Q extends z.ZodType = Nothing, B extends z.ZodType = Nothing>(
  spec: Spec<P, Q, B>,
): Route {
  const { params = Nothing, query = Nothing, body = Nothing, ...rest } = spec;
  const role = spec.role ?? (spec.verb === null ? 'admin' : VERBS[spec.verb].role);
  return {
    ...rest,
    role,
    say: spec.say ?? null,
    also: spec.also ?? {},
    params,
    query,
    body,
    async serve(context, house, { who: met, from, again }) {
      const { req } = context;
      const who = met ?? NOBODY;
      const shown = `${from} by ${who.by}`;
      // What is about one workspace depends on whose that is; the engine's guard knows.
      const onOne = spec.verb !== null && VERBS[spec.verb].on === 'workspace';
      if (role !== 'anyone' && !onOne && !reaches(who.role, role))
        throw new Failure('forbidden', {
          account: who.name,
          verb: spec.verb ?? `${req.method} ${spec.path}`,
          needed: role,
        });
      // More than a look at the installation is for none of those tokens that are for some workspaces.
      if (who.workspaces && role !== 'anyone' && !onOne && reaches(role, 'operator'))
        throw new Failure('limited_token', { verb: spec.verb ?? `${req.method} ${spec.path}` });
      const call = {
        ...house,
        engine: house.engineFor(who),
        who,
        from,
        mayStay: async () => JSON.stringify(await again().catch(() => null)) === JSON.stringify(met),
        record: async (verb: string, on: string, result: string, why = '') =>
          await house.audit.record({ by: who.name, verb, on, result, why, from: shown }),
        params: check(params, req.param()) as z.output<P>,
        query: check(query, queryOf(req.queries())) as z.output<Q>,
        body: check(body, await bodyOf(context)) as z.output<B>,
        asked: { by: who.name, key: keyOf(req.header('idempotency-key')), from: shown },
        header: (name: string) => req.header(name),
        signal: AbortSignal.any([req.raw.signal, house.closing]),
      };
      const give = async (): Promise<Response> => {
        const answer = await spec.answer(call);
        if (answer instanceof Response) return answer;
        if (answer.location) context.header('Location', answer.location);
        return context.json(answer.body as object, answer.status);
      };
      const { key } = call.asked;
      if (key === null || req.method === 'GET' || met === null) return await give();
      const asked = { who: who.name, key, method: req.method, path: req.url, body: JSON.stringify(call.body) };
      return await house.answers.once(asked, give);
    },
  };
}

/** Everything that is wrong with it, in one answer. */
function check<S extends z.ZodType>(schema: S, given: unknown): z.output<S> {
  const checked = schema.safeParse(given, { error: issueWords });
  if (checked.success) return checked.data;
  const errors = checked.error.issues.map(({ path, message }) => ({ field: path.join('.'), say: message }));
  const why = errors.map(({ field, say }) => (field ? `${field}: ${say}` : say)).join('; ');
  throw new Failure('bad_request', { why: `${why}.`, errors });
}

function queryOf(queries: Record<string, string[]>): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(queries).map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]),
  );
}

/** No body at all is an empty object: most orders need no more than their address. */
async function bodyOf(context: Context): Promise<unknown> {
  const text = await context.req.text();
  if (text === '') return {};
  const type = context.req.header('content-type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new Failure('bad_request', { why: 'Send the body as JSON, with Content-Type: application/json.' });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Failure('bad_request', { why: `The body is not JSON: ${reasonOf(cause)}.` }, { cause });
  }
}

function keyOf(header: string | undefined): string | null {
  if (header === undefined) return null;
  if (/^[\x21-\x7e]{1,200}$/.test(header)) return header;
  throw new Failure('bad_request', {
    why: 'Idempotency-Key has 1 to 200 visible ASCII characters and no spaces.',
  });
}
