import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface Kernel {
  state: 'starting' | 'idle' | 'busy';
  lastAt: number;
}

/** A notebook server that answers as jupyter_server 2.21 does, and misbehaves when it is told to. */
export interface JupyterStandin extends AsyncDisposable {
  readonly file: string;
  readonly kernels: Kernel[];
  /** What it was asked, `no_track_activity` or not. */
  readonly asked: string[];
  /** `hangs` answers nothing; `refuses` takes no token, as one with a password does; `broken` answers no JSON. */
  mode: 'well' | 'hangs' | 'refuses' | 'broken';
}

/** `pid`: who it says it is. */
export async function openJupyterStandin(runtime: string, pid: number): Promise<JupyterStandin> {
  const token = 'dccd589155ec8ab8fcc1287acff7c588ee3b92d4848e9f4f';
  const kernels: Kernel[] = [];
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (standin.mode === 'hangs') return;
    if (standin.mode === 'broken') return void response.end('<html>');
    const known = standin.mode !== 'refuses' && request.headers.authorization === `token ${token}`;
    if (!known) return answer(response, 403, { message: 'Forbidden', reason: null });
    if (!request.url?.startsWith('/api/kernels')) return answer(response, 404, { message: 'Not Found', reason: null });
    const shown = kernels.map(({ state, lastAt }, index) => ({
      id: `3e968954-cb9a-4734-9bf4-${String(index).padStart(12, '0')}`,
      name: 'python3',
      last_activity: new Date(lastAt).toISOString().replace('Z', '000Z'),
      execution_state: state,
      connections: 0,
    }));
    answer(response, 200, shown);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const file = join(runtime, `jpserver-${pid}.json`);
  mkdirSync(runtime, { recursive: true });
  const written = {
    base_url: '/',
    hostname: 'localhost',
    password: false,
    pid,
    port,
    root_dir: '/workspace',
    secure: false,
    sock: '',
    token,
    url: `http://localhost:${port}/`,
    version: '2.21.1',
  };
  writeFileSync(file, JSON.stringify(written, null, 2), { mode: 0o600 });
  const standin: JupyterStandin = {
    file,
    kernels,
    asked,
    mode: 'well',
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(file, { force: true });
    },
  };
  return standin;
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
