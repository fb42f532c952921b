import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FAILURES, Failure, type FailureCode } from '../domain/failures.ts';
import type { Problem } from '../http/problem.ts';
import { HOME, PROFILE, REMOTE } from './home.ts';
import { type Profile, profileIn, readProfiles } from './profiles.ts';

/** The running engine, asked over HTTP. */
export interface EngineClient {
  get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T>;
  /** Carries an Idempotency-Key, so that a request whose answer was lost is asked again without acting twice. */
  post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T>;
  patch<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T>;
  put<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T>;
  remove(path: string, query?: Query, signal?: AbortSignal): Promise<void>;
  /** The open response of something large. */
  open(path: string, query: Query, signal: AbortSignal): Promise<Response>;
  /** The open response of an event stream. */
  stream(path: string, query: Query, signal: AbortSignal): Promise<Response>;
  /** Where it answers. */
  url(): string;
  /** The login on this computer, when the engine is elsewhere. */
  profile(): Profile | null;
}

type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

const TRIES = 3;

/** The engine that was logged in to, or else the one of this computer. */
export function engineClient(home: string = HOME): EngineClient {
  return clientOf(
    () => connection(home),
    () => loginAt(home),
  );
}

/** The engine at this address, for a while. */
export function engineAt(url: string, token: string | null): EngineClient {
  return clientOf(
    () => ({ url, token }),
    () => null,
  );
}

function clientOf(connect: () => Connection, profile: () => Profile | null): EngineClient {
  const write = async <T>(method: string, path: string, body: unknown, signal?: AbortSignal) => {
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() };
    return (await json(await ask(method, path, { headers, body: JSON.stringify(body) }, signal))) as T;
  };
  return {
    get: async <T>(path: string, query?: Query, signal?: AbortSignal) => {
      return (await json(await ask('GET', path + queryText(query), {}, signal))) as T;
    },
    post: (path, body, signal) => write('POST', path, body, signal),
    patch: (path, body, signal) => write('PATCH', path, body, signal),
    put: (path, body, signal) => write('PUT', path, body, signal),
    async remove(path, query, signal) {
      await ask('DELETE', path + queryText(query), { headers: { 'Idempotency-Key': randomUUID() } }, signal);
    },
    open: async (path, query, signal) => await ask('GET', path + queryText(query), {}, signal),
    stream: async (path, query, signal) =>
      await ask('GET', path + queryText(query), { headers: { Accept: 'text/event-stream' } }, signal),
    url: () => connect().url,
    profile,
  };

  async function ask(
    method: string,
    path: string,
    { headers, body }: { headers?: Record<string, string>; body?: string },
    signal?: AbortSignal,
  ): Promise<Response> {
    for (let attempt = 1; ; attempt += 1) {
      // Read each time: an engine that was started again has another port and another token.
      const { url, token } = connect();
      const shown: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` };
      const init = { method, headers: { ...headers, ...shown }, body: body ?? null };
      try {
        const response = await fetch(url + path, { ...init, signal: signal ?? null });
        if (response.ok) return response;
        throw await failureOf(response, url);
      } catch (thrown) {
        if (thrown instanceof Failure || signal?.aborted) throw thrown;
        if (attempt >= TRIES || refused(thrown)) throw new Failure('engine_down', { url }, { cause: thrown });
      }
    }
  }
}

interface Connection {
  readonly url: string;
  readonly token: string | null;
}

/** What the environment says comes first, for scripts; then the login; then the engine of this computer. */
function connection(home: string): Connection {
  if (home === HOME && (REMOTE.url !== undefined || REMOTE.token !== undefined)) {
    if (REMOTE.url === undefined && REMOTE.token !== undefined)
      return { url: loginAt(home)?.url ?? readEngine(home).url, token: REMOTE.token };
    return { url: REMOTE.url?.replace(/\/$/, '') ?? '', token: REMOTE.token ?? null };
  }
  return loginAt(home) ?? readEngine(home);
}

const loginAt = (home: string): Profile | null => profileIn(readProfiles(home), PROFILE);

/** Where the engine noted that it answers, and the token that shows that this is its owner. */
function readEngine(home: string): { url: string; token: string } {
  const tokenFile = join(home, 'token');
  const url = urlIn(readOwn(join(home, 'engine.json'), home, tokenFile));
  if (!url) throw new Failure('engine_down', { url: `the address noted in ${home}` });
  return { url, token: readOwn(tokenFile, home, tokenFile).trim() };
}

function readOwn(file: string, home: string, tokenFile: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') throw new Failure('unauthorized', { file: tokenFile }, { cause });
    throw new Failure('engine_down', { url: `any address noted in ${home}` }, { cause });
  }
}

function urlIn(text: string): string | null {
  try {
    const { url } = JSON.parse(text);
    return typeof url === 'string' && URL.canParse(url) ? url.replace(/\/$/, '') : null;
  } catch {
    return null;
  }
}

function queryText(query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined) search.append(name, String(each));
    }
  }
  return search.size === 0 ? '' : `?${search}`;
}

async function json(response: Response): Promise<unknown> {
  return response.status === 204 ? null : JSON.parse(await response.text(), harmless);
}

/** Names of hosts and words of marketplaces end on a terminal: whatever could move its cursor is taken out here, once. */
export function harmless(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/[^\P{Cc}\n\t]/gu, '�') : value;
}

async function failureOf(response: Response, url: string): Promise<Failure> {
  const problem = await (json(response) as Promise<Partial<Problem> | null>).catch(() => null);
  // Something else may answer on the port of an engine that is gone.
  if (!problem?.code || !problem.detail) return new Failure('engine_down', { url });
  const code = Object.hasOwn(FAILURES, problem.code) ? (problem.code as FailureCode) : 'internal';
  const failure = new Failure(code, problem.facts, { cause: problem });
  failure.message = problem.detail;
  return failure;
}

/** Nobody listens there, so nothing was sent and trying again at once cannot help. */
function refused(thrown: unknown): boolean {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}
