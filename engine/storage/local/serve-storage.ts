import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { Log } from '../../domain/ports.ts';
import { answer, type Desk, type Intercept } from './answer.ts';
import { openBucket } from './bucket.ts';
import { bytesOf } from './bytes.ts';
import { makeFolder } from './durable.ts';
import { holdFolder } from './hold-folder.ts';
import { identities, type StorageKey } from './identity.ts';
import { type LockRule, LockRules } from './locks.ts';
import type { OpenBucket } from './operation.ts';
import { openUploads } from './uploads.ts';

export interface StorageOptions {
  readonly folder: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly keys: readonly StorageKey[];
  /** Made when they are not there yet. */
  readonly buckets: readonly string[];
  readonly log: Log;
  readonly now?: () => number;
  readonly intercept?: Intercept | undefined;
  /** How long another server on the same folder may take to let go of it. */
  readonly handOverMs?: number;
}

/** A running server. What is set here cannot be reached by anybody who only holds a key. */
export interface LocalStorage extends AsyncDisposable {
  readonly port: number;
  readonly endpoint: string;
  locks(bucket: string): readonly LockRule[];
  /** Holds for everything that takes effect after it returns, begun or not. */
  setLocks(bucket: string, rules: readonly LockRule[]): Promise<void>;
}

/** R2's rule. It also keeps anything but a plain name from becoming a folder. */
const BUCKET_NAME = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/;
const HEADER_BYTES_MAX = 64 * 1024;
/** A connection on which nothing moves. */
const SILENT_MS = 5 * 60_000;
/** Longer than clients keep an idle connection, so that it is never closed under a request. */
const IDLE_MS = 10 * 60_000;
const HAND_OVER_MS = 5000;
/** What is under way when we stop may take this long to end. */
const GRACE_MS = 2000;

/** An object server that speaks S3 on the loopback interface, with R2's temporary credentials and bucket locks. */
export async function serveStorage(options: StorageOptions): Promise<LocalStorage> {
  await using stack = new AsyncDisposableStack();
  const folder = resolve(options.folder);
  makeFolder(folder);
  stack.use(await holdFolder(folder, options.handOverMs ?? HAND_OVER_MS));
  const now = options.now ?? Date.now;
  const buckets = new Map(options.buckets.map((name) => [bytesOf(name), open(folder, name, now, options.log)]));
  const stopping = new AbortController();
  const desk: Desk = {
    buckets,
    identify: identities(options.keys),
    now,
    log: options.log,
    intercept: options.intercept,
    signal: stopping.signal,
  };
  const server = await listen(desk, options.port, stack);
  const { port } = server.address() as AddressInfo;
  stack.defer(() => stopping.abort());

  const bucketNamed = (name: string): OpenBucket => {
    const bucket = buckets.get(bytesOf(name));
    if (!bucket) throw new Error(`there is no bucket named ${name}`);
    return bucket;
  };
  const opened = stack.move();
  return {
    port,
    endpoint: `http://127.0.0.1:${port}`,
    locks: (bucket) => bucketNamed(bucket).objects.locks,
    setLocks: (bucket, rules) => bucketNamed(bucket).objects.setLocks(LockRules.parse(rules)),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function open(folder: string, name: string, now: () => number, log: Log): OpenBucket {
  if (!BUCKET_NAME.test(name)) throw new Error(`"${name}" cannot be the name of a bucket`);
  const place = join(folder, name);
  return { objects: openBucket(place, name, now, log), uploads: openUploads(place, now) };
}

async function listen(desk: Desk, port: number, stack: AsyncDisposableStack): Promise<Server> {
  const underWay = new Set<Promise<void>>();
  const handle = (message: IncomingMessage, response: ServerResponse) => {
    const answering = answer(desk, message, response).catch((thrown: unknown) => {
      desk.log('storage.answer_failed', { why: thrown }, 'ERROR');
      message.socket.destroy();
    });
    underWay.add(answering);
    void answering.finally(() => underWay.delete(answering));
  };
  const server = createServer(
    // The time a body takes is its sender's; only silence ends a connection.
    { maxHeaderSize: HEADER_BYTES_MAX, keepAliveTimeout: IDLE_MS, requestTimeout: 0, noDelay: true },
    handle,
  );
  server.on('checkContinue', handle);
  server.setTimeout(SILENT_MS);
  await new Promise<void>((resolved, rejected) => {
    server.once('error', rejected);
    server.listen(port, '127.0.0.1', resolved);
  });
  stack.defer(async () => {
    server.close();
    server.closeIdleConnections();
    await Promise.race([Promise.all(underWay), pause(GRACE_MS)]);
    server.closeAllConnections();
    await Promise.all(underWay); // what touches the folder is over when this returns
  });
  return server;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolved) => setTimeout(resolved, ms).unref());
}
