import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Call } from './call.ts';
import { rateLimits } from './limits.ts';
import { Refusal, refuse } from './refusal.ts';
import { matchRoute } from './routes.ts';
import { answerFaults, requestFaults } from './schema.ts';
import type { State } from './state.ts';

const BODY_MAX = 25 * 1024 * 1024;

/** REST as Discord answers it: checked, limited, and now and then unlucky. */
export function openRest(
  state: State,
  gatewayUrl: () => string,
  other: (request: IncomingMessage, response: ServerResponse) => boolean,
): Server {
  const limit = rateLimits(state.settings);

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://discord');
    const method = request.method ?? 'GET';
    if (!url.pathname.startsWith('/api/v10/')) {
      if (!other(request, response)) response.writeHead(404).end();
      return;
    }
    const path = decodeURIComponent(url.pathname.slice('/api/v10'.length));
    const { body, files } = await readBody(request);
    const seen = { at: Date.now(), method, path, body, status: 0 };
    state.seen.push(seen);
    const say = (status: number, json: object | null, headers: Readonly<Record<string, string>> = {}): void => {
      seen.status = status;
      const shared = headers['X-RateLimit-Scope'] === 'shared';
      if (status === 401 || status === 403 || (status === 429 && !shared)) state.invalid += 1;
      response.writeHead(status, { ...headers, ...(json && { 'Content-Type': 'application/json' }) });
      response.end(json ? JSON.stringify(json) : undefined);
    };

    const misfortune = state.faults.find((one) => one.times > 0 && one.method === method && one.path.test(path));
    if (misfortune) misfortune.times -= 1;
    const befalls = misfortune?.does;
    if (befalls && 'delayMs' in befalls) await new Promise((resolve) => setTimeout(resolve, befalls.delayMs));
    if (befalls && 'status' in befalls)
      return say(befalls.status, { message: 'It was to be so', code: befalls.code ?? 0 }, befalls.headers);

    const route = matchRoute(method, path);
    if (!route) return say(404, { message: '404: Not Found', code: 0 });
    if (route.auth && request.headers.authorization !== `Bot ${state.token}`)
      return say(401, { message: '401: Unauthorized', code: 0 });
    const verdict = limit(`${method} ${route.template}`, route.major, route.bucket(state.settings), route.auth);
    if (verdict.retryAfter !== null) {
      const words = { message: 'You are being rate limited.', retry_after: verdict.retryAfter, global: verdict.global };
      return say(429, words, verdict.headers);
    }
    try {
      refuse(requestFaults(method, route.template, route.checked(body)));
      const call: Call = { state, params: route.params, query: url.searchParams, body, files, gatewayUrl };
      const { status, json } = await route.serve(call);
      for (const { path: where, message } of answerFaults(method, route.template, status, json))
        state.wrong.push(`${method} ${route.template} ${status}: ${where} ${message}`);
      const lost = (befalls && 'lose' in befalls) || Math.random() < state.settings.loses;
      if (lost) {
        seen.status = -1;
        return void request.socket.destroy();
      }
      say(status, json, verdict.headers);
    } catch (cause) {
      if (!(cause instanceof Refusal)) throw cause;
      say(cause.status, cause.body, verdict.headers);
    }
  }

  return createServer((request, response) => {
    serve(request, response).catch((cause: unknown) => {
      state.wrong.push(`the stand-in itself failed: ${cause instanceof Error ? cause.stack : String(cause)}`);
      response.destroy();
    });
  });
}

async function readBody(request: IncomingMessage): Promise<Pick<Call, 'body' | 'files'>> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_MAX) throw new Refusal(413, 40_005, 'Request entity too large');
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('multipart/form-data')) {
    const form = await new Response(bytes, { headers: { 'Content-Type': type } }).formData();
    const files: { name: string; bytes: Uint8Array; type: string }[] = [];
    for (const [, value] of form)
      if (typeof value !== 'string')
        files.push({ name: value.name, bytes: new Uint8Array(await value.arrayBuffer()), type: value.type });
    return { body: JSON.parse(String(form.get('payload_json') ?? '{}')), files };
  }
  return { body: bytes.length === 0 ? null : JSON.parse(bytes.toString()), files: [] };
}
