import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Action } from '../../../engine/storage/actions.ts';
import type { Fault } from '../../../engine/storage/local/answer.ts';
import type { S3Place } from '../../contracts/storage-client.ts';
import { type StorageWorld, storageWorld } from '../../storage/storage-world.ts';
import { narrowLine } from './narrow-line.ts';

/** What Cloudflare bills for each kind of call: https://developers.cloudflare.com/r2/pricing/ */
const CLASS: Readonly<Record<Action | 'HeadBucket', 'a' | 'b' | 'free'>> = {
  ListObjectsV1: 'a',
  ListObjectsV2: 'a',
  ListMultipartUploads: 'a',
  ListParts: 'a',
  PutObject: 'a',
  CopyObject: 'a',
  CreateMultipartUpload: 'a',
  UploadPart: 'a',
  UploadPartCopy: 'a',
  CompleteMultipartUpload: 'a',
  HeadBucket: 'b',
  HeadObject: 'b',
  GetObject: 'b',
  GetBucketLocation: 'b',
  DeleteObject: 'free',
  DeleteObjects: 'free',
  AbortMultipartUpload: 'free',
};

/** What makes an object anew: of those R2 takes one a second for each key, https://developers.cloudflare.com/r2/platform/limits/ */
export const WRITES: ReadonlySet<string> = new Set(['PutObject', 'CopyObject', 'CompleteMultipartUpload']);
const TOO_MANY: Fault = { do: 'answer', status: 429, code: 'TooManyRequests' };

const DOLLARS_PER_MILLION = { a: 4.5, b: 0.36, free: 0 } as const;

export interface Requests {
  readonly a: number;
  readonly b: number;
  readonly free: number;
}

/** Bytes on the wire, of whole requests and answers. */
export interface Traffic {
  readonly received: number;
  readonly sent: number;
}

export type Asked = { readonly action: Action | 'HeadBucket'; readonly bucket: string; readonly key: string };

/** What R2 does besides: how long an answer takes, and what goes wrong. */
export interface Weather {
  latencyMs: number;
  /** On each connection, in either direction, of those that go through `place`. */
  bytesPerSecond: number;
  /** An object takes a write no sooner after the last one. R2 says 1,000, and 0 is no such limit. */
  writeEveryMs: number;
  /** Each operation waits for this first. */
  wait: (asked: Asked) => Promise<void>;
  fault: (asked: Asked) => Fault | undefined;
}

export interface R2 extends AsyncDisposable {
  readonly world: StorageWorld;
  readonly weather: Weather;
  /** As `world.place`, at the end of a line that can be narrow. */
  place(bucket?: string): S3Place;
  /** Since the last time this was asked. */
  counted(): Requests;
  /** The same of bytes. */
  moved(): Traffic;
  /** Of those calls, before the free million. */
  dollars(requests: Requests): number;
}

/** The local object server with R2's prices, pace and moods: each call is counted as it would be billed. */
export async function standInForR2(): Promise<R2> {
  const weather: Weather = {
    latencyMs: 0,
    bytesPerSecond: Number.POSITIVE_INFINITY,
    writeEveryMs: 0,
    wait: async () => undefined,
    fault: () => undefined,
  };
  let count = { a: 0, b: 0, free: 0 };
  const written = new Map<string, number>();
  const tooMany = ({ action, bucket, key }: Asked): boolean => {
    if (!WRITES.has(action)) return false;
    const [name, now] = [`${bucket}/${key}`, Date.now() + world.clock.aheadMs];
    if (now - (written.get(name) ?? Number.NEGATIVE_INFINITY) < weather.writeEveryMs) return true;
    written.set(name, now);
    return false;
  };
  const world: StorageWorld = await storageWorld({
    async intercept(asked, signal) {
      count[CLASS[asked.action]] += 1;
      if (weather.latencyMs > 0) await sleep(weather.latencyMs, undefined, { signal });
      const fault = weather.fault(asked);
      await weather.wait(asked);
      // What goes wrong otherwise is no write, but for one whose answer is lost.
      return fault && fault.do !== 'lose-answer' ? fault : tooMany(asked) ? TOO_MANY : fault;
    },
  });
  const moved = trafficOn(world.storage.port);
  const line = await narrowLine(world.storage.port, weather);
  return {
    world,
    weather,
    place: (bucket) => ({ ...world.place(bucket), endpoint: `http://127.0.0.1:${line.port}` }),
    counted() {
      const before = count;
      count = { a: 0, b: 0, free: 0 };
      return before;
    },
    moved: moved.since,
    dollars: ({ a, b }) => (a * DOLLARS_PER_MILLION.a + b * DOLLARS_PER_MILLION.b) / 1e6,
    async [Symbol.asyncDispose]() {
      moved[Symbol.dispose]();
      await line[Symbol.asyncDispose]();
      await world[Symbol.asyncDispose]();
    },
  };
}

/** What a server of this process gets and gives on this port. */
function trafficOn(port: number): Disposable & { since(): Traffic } {
  const open = new Set<Socket>();
  let total = { received: 0, sent: 0 };
  let told = total;
  const add = (to: Traffic, { bytesRead, bytesWritten }: Socket): Traffic => ({
    received: to.received + bytesRead,
    sent: to.sent + bytesWritten,
  });
  const meet = (message: unknown): void => {
    const { socket } = message as { socket: Socket };
    if (socket.localPort !== port) return;
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      total = add(total, socket);
    });
  };
  subscribe(CONNECTIONS, meet);
  return {
    since() {
      const now = [...open].reduce(add, total);
      const since = { received: now.received - told.received, sent: now.sent - told.sent };
      told = now;
      return since;
    },
    [Symbol.dispose]: () => void unsubscribe(CONNECTIONS, meet),
  };
}

/** Where Node tells of each connection that a server gets. */
const CONNECTIONS = 'net.server.socket';
