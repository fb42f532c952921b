import { hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ObjectsAt } from '../../../engine/agent/image/objects.ts';

/** Storage that a test can slow down, or have refuse something. */
export interface Storage extends Disposable {
  readonly at: ObjectsAt;
  /** By name, what lies there. */
  readonly objects: ReadonlyMap<string, Buffer>;
  /** The segments that came, in their order, refused ones too. */
  readonly sent: string[];
}

/** `answer`: what it says to a segment, and when. `condition`: what it says to a write that has one; it looks at none. */
export async function openStorage(
  answer: (name: string, bytes: number) => Promise<number> | number = () => 200,
  condition: () => number = () => 200,
): Promise<Storage> {
  const objects = new Map<string, Buffer>();
  const sent: string[] = [];
  const server = createServer(async (request, reply) => {
    const name = request.url!.split('/image/')[1];
    if (name === undefined) return void reply.end(listed(objects));
    const body = Buffer.concat(await request.toArray().catch(() => []));
    if (!request.complete) return; // whoever sent it was ended
    const there = objects.get(name);
    let status = request.method === 'PUT' || there ? 200 : 404;
    if (request.method === 'PUT' && name.startsWith('segments/')) {
      sent.push(name);
      status = await answer(name, body.length);
    } else if (request.headers['if-match'] ?? request.headers['if-none-match']) status = condition();
    if (request.method === 'PUT' && status === 200) objects.set(name, body);
    const content = request.method === 'GET' && there ? there : Buffer.alloc(0);
    reply.writeHead(status, { 'content-length': content.length, etag: `"${hash('sha256', content)}"` }).end(content);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    at: {
      url: `s3:http://127.0.0.1:${port}/hot/lab/repo`,
      region: 'auto',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: '', expiresAt: 0 },
      connections: 8,
    },
    objects,
    sent,
    [Symbol.dispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The segments that lie there, in one page. */
function listed(objects: ReadonlyMap<string, Buffer>): string {
  const found = [...objects].filter(([name]) => name.startsWith('segments/'));
  const contents = found.map(
    ([name, { length }]) => `<Contents><Key>lab/repo/image/${name}</Key><Size>${length}</Size></Contents>`,
  );
  return `<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`;
}
