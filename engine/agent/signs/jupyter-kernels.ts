import * as z from 'zod';
import type { JupyterServer } from './jupyter-servers.ts';

export interface Kernels {
  readonly busy: number;
  readonly all: number;
  /** When one of them last said something. */
  readonly lastAt: number | null;
}

/**
 * Asks a server for its kernels. To be asked must not look like work to it (`no_track_activity`), or programs that end idle
 * servers would see it at work for ever.
 */
export async function kernelsOf(server: JupyterServer, signal: AbortSignal): Promise<Kernels> {
  const url = new URL('api/kernels?no_track_activity=1', server.url);
  const { status, body } = await get(url, server, signal);
  if (status === 401 || status === 403) throw new Refused(`it refuses its own token (HTTP ${status})`);
  if (status !== 200) throw new Error(`it answers HTTP ${status}`);
  const kernels = Reply.parse(JSON.parse(body));
  const times = kernels.map((kernel) => Date.parse(kernel.last_activity)).filter(Number.isFinite);
  return {
    busy: kernels.filter((kernel) => kernel.execution_state === 'busy').length,
    all: kernels.length,
    lastAt: times.length === 0 ? null : Math.max(...times),
  };
}

/** It will not let us in the next time either; asking each time would fill its log. */
export class Refused extends Error {}

const Reply = z.array(z.object({ last_activity: z.string(), execution_state: z.string() }));

async function get(url: URL, { token, socket }: JupyterServer, signal: AbortSignal): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const options = {
    headers: { Authorization: `token ${token}` },
    signal,
    agent: false,
    rejectUnauthorized: false, // it signed its own certificate, and is on this machine
    ...(socket === null ? {} : { socketPath: socket }),
  } as const;
  // Not imported above: with it every start of the agent, and each of its threads, would load a web browser's half.
  const http = await (url.protocol === 'https:' ? import('node:https') : import('node:http'));
  const request = http.request(url, options, (response) => {
    let body = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      body += chunk;
      if (body.length > BODY_MAX) response.destroy(new Error('its answer does not end'));
    });
    response.on('error', reject);
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
  });
  request.on('error', reject);
  request.end();
  return await promise;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

const BODY_MAX = 1_000_000;
