import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { Agent, type IncomingMessage, request as plainRequest } from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { dirname, join } from 'node:path';
import { SignatureV4 } from '@smithy/signature-v4';
import type { RepositoryAccess } from '../../domain/agent-shapes.ts';
import { refusal, tried } from '../transfer.ts';

/** Where a workspace's images lie: below its repository, where the machine's own credentials reach. */
export interface Objects {
  /** Null when it is not there. */
  get(name: string, signal: AbortSignal): Promise<Buffer | null>;
  put(name: string, bytes: Buffer, signal: AbortSignal): Promise<void>;
  close(): void;
}

/** The image of a workspace: where it lies, and what opens it. */
export interface ImageAt {
  readonly password: string;
  readonly at: ObjectsAt;
}

/** There is one image of a workspace: the next one's manifest takes the name of the last. */
export const MANIFEST = 'manifest';
export const segmentName = (name: string): string => `segments/${name}`;

export type ObjectsAt = Pick<RepositoryAccess, 'url' | 'region' | 'credentials' | 'connections'>;

export function openObjects(at: ObjectsAt): Objects {
  return at.url.startsWith('s3:') ? inStorage(at) : inFolder(join(at.url, FOLDER));
}

/** A repository without S3 is a folder. */
function inFolder(folder: string): Objects {
  return {
    async get(name, signal) {
      return await readFile(join(folder, name), { signal }).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOENT') return null;
        throw cause;
      });
    },
    async put(name, bytes, signal) {
      const file = join(folder, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(`${file}.new`, bytes, { signal });
      await rename(`${file}.new`, file);
    },
    close: () => undefined,
  };
}

function inStorage({ url, region, credentials, connections }: ObjectsAt): Objects {
  const base = new URL(`${url.slice('s3:'.length)}/${FOLDER}/`);
  const secure = base.protocol === 'https:';
  const pool = { keepAlive: true, maxSockets: connections };
  const agent = secure ? new SecureAgent(pool) : new Agent(pool);
  const signer = new SignatureV4({ service: 's3', region, credentials, sha256: Sha256, uriEscapePath: false });

  const once = async (
    method: 'GET' | 'PUT',
    name: string,
    body: Buffer | null,
    signal: AbortSignal,
  ): Promise<Reply> => {
    const path = base.pathname + name;
    const headers = { host: base.host, 'x-amz-content-sha256': body ? sha256(body) : EMPTY };
    const { hostname, port, protocol } = base;
    const asked = { method, protocol, hostname, path, headers, query: {} };
    const signed = await signer.sign(port === '' ? asked : { ...asked, port: Number(port) });
    return await new Promise((resolve, reject) => {
      const length = body ? { 'content-length': body.length } : {};
      const send = secure ? secureRequest : plainRequest;
      const sent = send(
        { agent, hostname, port, method, path, headers: { ...signed.headers, ...length }, signal },
        (reply) => resolve(readReply(reply)),
      );
      sent.on('error', reject);
      sent.end(body ?? undefined);
    });
  };
  const ask = (
    method: 'GET' | 'PUT',
    name: string,
    body: Buffer | null,
    answers: readonly number[],
    signal: AbortSignal,
  ): Promise<Reply> =>
    tried(name, TRIES, ATTEMPT_MS, signal, async (attempt) => {
      const reply = await once(method, name, body, attempt);
      if (!answers.includes(reply.status)) throw refusal(reply.status, name);
      return reply;
    });
  return {
    async get(name, signal) {
      const { status, body } = await ask('GET', name, null, [200, 404], signal);
      return status === 404 ? null : body;
    },
    async put(name, bytes, signal) {
      await ask('PUT', name, bytes, [200], signal);
    },
    close: () => agent.destroy(),
  };
}

interface Reply {
  readonly status: number;
  readonly body: Buffer;
}

/** Into one buffer of the size that was promised; an answer that ends early is an error. */
function readReply(reply: IncomingMessage): Promise<Reply> {
  const promised = Number(reply.headers['content-length'] ?? 0);
  const body = Buffer.allocUnsafeSlow(Math.min(promised, BODY_MAX));
  return new Promise((resolve, reject) => {
    let at = 0;
    reply.on('data', (chunk: Buffer) => {
      at += chunk.copy(body, at);
    });
    reply.on('error', reject);
    reply.on('end', () => {
      if (at === promised) resolve({ status: reply.statusCode ?? 0, body });
      else reject(new Error(`${at} of ${promised} bytes came`));
    });
  });
}

/** As the signer wants it, from the runtime. */
class Sha256 {
  private readonly hash: Hash | Hmac;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    if (secret === undefined) this.hash = createHash('sha256');
    else this.hash = createHmac('sha256', typeof secret === 'string' ? secret : bytesOf(secret));
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.hash.update(typeof data === 'string' ? data : bytesOf(data));
  }
  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }
  reset(): void {}
}

const bytesOf = (data: ArrayBuffer | ArrayBufferView): Uint8Array =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const FOLDER = 'image';
const EMPTY = sha256(Buffer.alloc(0));
const BODY_MAX = 512 * 1024 * 1024;
const TRIES = 4;
const ATTEMPT_MS = 60_000;
