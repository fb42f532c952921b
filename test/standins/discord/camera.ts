import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A browser without a window, spoken to as its developer tools do. */
export interface Camera extends AsyncDisposable {
  /** The whole page, however tall, once it says that it is ready. */
  shoot(url: string, width: number, file: string): Promise<void>;
}

const BROWSER = 'chromium';
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-port=0',
];
const READY_MS = 10_000;

export async function openCamera(): Promise<Camera> {
  await using opening = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), 'dumont-camera-'));
  opening.defer(() => rm(home, { recursive: true, force: true, maxRetries: 5 }));
  const browser = spawn(BROWSER, [...FLAGS, `--user-data-dir=${home}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  opening.defer(() => end(browser));
  const at = await addressOf(browser);
  const pages = (await (await fetch(`http://${at}/json/list`)).json()) as {
    type: string;
    webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(pages.find(({ type }) => type === 'page')?.webSocketDebuggerUrl ?? '');
  await once(socket, 'open');
  const waiting = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  socket.addEventListener('message', ({ data }) => {
    const { id, result, error } = JSON.parse(String(data));
    if (error) waiting.get(id)?.reject(new Error(error.message));
    else waiting.get(id)?.resolve(result);
  });
  let last = 0;
  async function ask(method: string, params: object = {}): Promise<Record<string, unknown>> {
    last += 1;
    const answer = Promise.withResolvers<Record<string, unknown>>();
    waiting.set(last, answer);
    socket.send(JSON.stringify({ id: last, method, params }));
    return await answer.promise;
  }
  async function value<T>(expression: string): Promise<T> {
    const { result } = await ask('Runtime.evaluate', { expression, awaitPromise: true });
    return (result as { value: T }).value;
  }
  async function shoot(url: string, width: number, file: string): Promise<void> {
    const screen = { deviceScaleFactor: 1, mobile: false, width };
    await ask('Emulation.setDeviceMetricsOverride', { ...screen, height: 100 });
    await ask('Page.navigate', { url });
    for (const by = Date.now() + READY_MS; !(await value<boolean>(IS_READY)); await pause())
      if (Date.now() > by) throw new Error(`${url} was not ready in time`);
    const height = await value<number>('document.documentElement.scrollHeight');
    await ask('Emulation.setDeviceMetricsOverride', { ...screen, height });
    const { data } = await ask('Page.captureScreenshot', { format: 'png' });
    await writeFile(file, Buffer.from(String(data), 'base64'));
  }
  let before: Promise<unknown> = Promise.resolve();
  const opened = opening.move();

  return {
    async shoot(url, width, file) {
      const shot = before.then(async () => await shoot(url, width, file));
      before = shot.catch(() => undefined); // there is one page, and each has it for itself
      await shot;
    },
    [Symbol.asyncDispose]: async () => await opened.disposeAsync(),
  };
}

const IS_READY = `document.body?.dataset.ready === 'yes' && [...document.images].every((image) => image.complete)`;
const pause = async (): Promise<void> => await new Promise((resolve) => setTimeout(resolve, 50));

async function addressOf(browser: ChildProcess): Promise<string> {
  browser.once('error', (cause) => browser.stderr?.destroy(cause));
  for await (const line of createInterface({ input: browser.stderr as NodeJS.ReadableStream })) {
    const [, at] = /listening on ws:\/\/([^/]+)\//.exec(line) ?? [];
    if (at !== undefined) {
      browser.stderr?.resume();
      return at;
    }
  }
  throw new Error(`${BROWSER} did not start`);
}

async function end(browser: ChildProcess): Promise<void> {
  if (browser.exitCode !== null || browser.pid === undefined) return;
  browser.kill();
  await once(browser, 'exit');
}
