import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noteEngine } from '../../engine/http/engine-file.ts';
import { serveHttp } from '../../engine/http/serve.ts';
import { fakeEngine, fakeLocal } from './fake-engine.ts';
import { fakeDoors } from './house.ts';

export interface ServedOptions {
  readonly pace?: number;
  readonly names?: readonly string[];
  readonly home?: string;
}

/** A fake engine behind the real server, in a home folder of its own, as the command line finds one. */
export async function served({ pace = 0.01, names = ['lab'], home: given }: ServedOptions = {}) {
  await using opened = new AsyncDisposableStack();
  const home = given ?? (await mkdtemp(join(tmpdir(), 'dumont-served-')));
  if (!given) opened.defer(() => rm(home, { recursive: true, force: true }));
  const fake = opened.use(fakeEngine({ pace, names, outputs: home }));
  const local = fakeLocal();
  const { accounts, audit, meter } = fakeDoors();
  const serve = () =>
    serveHttp(() => fake.engine, {
      port: 0,
      tokenFile: join(home, 'token'),
      log: () => {},
      local,
      accounts,
      audit,
      meter,
    });
  let server = await serve();
  let note = await noteEngine(join(home, 'engine.json'), server.url);
  async function stop(): Promise<void> {
    await server[Symbol.asyncDispose]();
    await note[Symbol.asyncDispose]();
  }
  const closing = opened.move();
  return {
    ...fake,
    local,
    accounts,
    audit,
    home,
    url: () => server.url,
    stop,
    /** As after a crash of the engine: another port, another token, the same facts. */
    async startAgain() {
      server = await serve();
      note = await noteEngine(join(home, 'engine.json'), server.url);
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await closing.disposeAsync();
    },
  };
}
