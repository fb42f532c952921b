import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ResticWanted, resolveRestic } from '../../engine/tools/resolve-restic.ts';
import { RESTIC_ASSETS } from '../../engine/tools/restic-release.ts';

/** A shell script that says `restic 0.19.1 ...`, packed with bzip2. */
const PACKED = Buffer.from(
  'QlpoOTFBWSZTWfRahq4AAAZZgAAQeAH1ID7n3sAgAFRSaYaAGhDIYKnqaGnqeieQg9IyaNmsSar5kZEkXbXMkEDBgy3GTO+hCiU9zrZQtV13h/UnJPstTHIiEvFa2LuSKcKEh6LUNXA=',
  'base64',
);
const ASSET = { file: 'restic_0.19.1_here.bz2', sha256: createHash('sha256').update(PACKED).digest('hex') };
const NEVER = new AbortController().signal;

describe.concurrent('restic', () => {
  test('that the settings name is taken, and nothing else is looked at', async () => {
    await using world = await newWorld();
    const named = await world.program('mine/restic', 'restic 0.18.1 compiled with go1.24');
    await world.program('bin/restic', 'restic 0.19.1 compiled with go1.26');
    expect(await world.resolve({ setting: named })).toEqual({ path: named, version: '0.18.1', from: 'setting' });
  });

  test.each([
    ['is too old', 'restic 0.16.5 compiled with go1.22', 'is 0.16.5'],
    ['is something else', 'rclone v1.70', 'does not run as restic'],
  ])('that the settings name but that %s is refused in words', async (_name, says, why) => {
    await using world = await newWorld();
    const named = await world.program('mine/restic', says);
    await world.program('bin/restic', 'restic 0.19.1 compiled with go1.26');
    await expect(world.resolve({ setting: named })).rejects.toMatchObject({
      code: 'restic_missing',
      message: expect.stringContaining(`${named}, which the settings name, ${why}`),
    });
    expect(world.requests).toEqual([]);
  });

  test('of our own comes before PATH, and PATH before fetching', async () => {
    await using world = await newWorld();
    const found = await world.program('bin/restic', 'restic 0.17.0 compiled with go1.22');
    expect(await world.resolve()).toEqual({ path: found, version: '0.17.0', from: 'path' });
    const own = await world.program('tools/restic-0.19.1', 'restic 0.19.1 compiled with go1.26');
    expect(await world.resolve()).toEqual({ path: own, version: '0.19.1', from: 'tools' });
    expect(world.requests).toEqual([]);
  });

  test('is fetched where there is none, whole, runnable, and only once', async () => {
    await using world = await newWorld();
    const seen: unknown[] = [];
    const own = join(world.folder, 'restic-0.19.1');
    expect(await world.resolve({ onProgress: (progress) => seen.push(progress) })).toEqual({
      path: own,
      version: '0.19.1',
      from: 'release',
    });
    expect(world.requests).toEqual(['/v0.19.1/restic_0.19.1_here.bz2']);
    expect(seen.at(-1)).toEqual({ doing: 'fetch', bytesDone: PACKED.length, bytesTotal: PACKED.length });
    expect((await stat(own)).mode & 0o777).toBe(0o755);
    expect(await readdir(world.folder)).toEqual(['restic-0.19.1']);
    expect(await world.resolve()).toMatchObject({ from: 'tools' });
    expect(world.requests).toHaveLength(1);
  });

  test('is fetched when the one on PATH is too old', async () => {
    await using world = await newWorld();
    await world.program('bin/restic', 'restic 0.9.6 compiled with go1.11');
    expect(await world.resolve()).toMatchObject({ from: 'release' });
  });

  test('with another hash than the released one is refused, and nothing else is tried', async () => {
    await using world = await newWorld();
    await world.program('bin/go', 'never asked');
    world.answer = (_request, response) => response.end(Buffer.concat([PACKED, Buffer.from('x')]));
    await expect(world.resolve()).rejects.toMatchObject({
      code: 'restic_missing',
      message: expect.stringContaining('is not what was released'),
    });
    expect(await readdir(world.folder)).toEqual([]);
  });

  test('fetched by two at once ends well for both', async () => {
    await using world = await newWorld();
    const [one, two] = await Promise.all([world.resolve(), world.resolve()]);
    expect(one).toEqual(two);
    expect(await readdir(world.folder)).toEqual(['restic-0.19.1']);
  });

  test('is built with Go where the release cannot be reached', async () => {
    await using world = await newWorld();
    const seen: unknown[] = [];
    const log = join(world.root, 'go.log');
    await world.script(
      'bin/go',
      `{ echo "$CGO_ENABLED $GOTOOLCHAIN"; echo "$@"; cat go.mod; } >${log}
       while [ "$1" != -o ]; do shift; done
       printf '#!/bin/sh\\necho restic 0.19.1 compiled with go\\n' >"$2"; chmod 755 "$2"`,
    );
    world.answer = (_request, response) => response.writeHead(503).end();
    expect(await world.resolve({ onProgress: (progress) => seen.push(progress) })).toMatchObject({ from: 'go' });
    const asked = await readFile(log, 'utf8');
    expect(asked).toMatch(/^0 \w+\nbuild -mod=mod -trimpath .* github\.com\/restic\/restic\/cmd\/restic\n/);
    expect(asked).toContain('require github.com/restic/restic v0.19.1');
    expect(seen).toEqual([{ doing: 'build' }]);
    expect(await readdir(world.folder)).toEqual(['restic-0.19.1']);
  });

  test('that cannot be had at all is a failure that tells what was tried and what to do', async () => {
    await using world = await newWorld();
    const old = await world.program('bin/restic', 'restic 0.14.0 compiled with go1.19');
    await world.script('bin/go', 'echo "go.mod requires go >= 1.25.8" >&2; exit 1');
    world.answer = (_request, response) => response.writeHead(404).end();
    const failure = await world.resolve().catch((cause) => cause);
    expect(failure).toMatchObject({ code: 'restic_missing' });
    expect(failure.message).toContain(`${old} is 0.14.0, which is too old`);
    expect(failure.message).toContain('it answered 404');
    expect(failure.message).toContain('go could not build it: go.mod requires go >= 1.25.8');
    expect(failure.message).toContain('Install restic 0.19.1');
    expect(await readdir(world.folder)).toEqual([]);
  });

  test('where nobody listens and there is no Go, says so', async () => {
    await using world = await newWorld();
    await world.stopListening();
    const failure = await world.resolve().catch((cause) => cause);
    expect(failure.message).toContain('ECONNREFUSED');
    expect(failure.message).toContain('there is no Go to build it with');
  });

  test('for a platform whose release is not pinned is not fetched', async () => {
    await using world = await newWorld();
    const failure = await world.resolve({ assets: {} }).catch((cause) => cause);
    expect(failure.message).toContain(`no release for ${process.platform}-${process.arch} is pinned`);
    expect(world.requests).toEqual([]);
  });

  test('that is on its way when we stop leaves nothing behind', async () => {
    await using world = await newWorld();
    const stop = new AbortController();
    world.answer = (_request, response) => {
      response.write(PACKED.subarray(0, 10));
      setImmediate(() => stop.abort(new Error('stopping')));
    };
    await expect(world.resolve({}, stop.signal)).rejects.toThrow('stopping');
    expect(await readdir(world.folder)).toEqual([]);
  });
});

test('every pinned release has a whole hash of its own', () => {
  const hashes = Object.values(RESTIC_ASSETS).map(({ sha256 }) => sha256);
  expect(new Set(hashes).size).toBe(4);
  for (const sha256 of hashes) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
});

/** A tools folder, a PATH, and a server in the place of the release page. */
async function newWorld() {
  const root = await mkdtemp(join(tmpdir(), 'dumont-restic-'));
  const requests: string[] = [];
  const world = {
    root,
    folder: join(root, 'tools'),
    requests,
    answer: ((_request, response) =>
      response.writeHead(200, { 'content-length': PACKED.length }).end(PACKED)) as RequestListener,

    async script(name: string, body: string): Promise<string> {
      const path = join(root, name);
      await mkdir(join(path, '..'), { recursive: true });
      await writeFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
      return path;
    },
    program: async (name: string, says: string) => await world.script(name, `echo '${says}'`),

    async resolve(over: Partial<ResticWanted> = {}, signal = NEVER) {
      return await resolveRestic(
        {
          setting: null,
          folder: world.folder,
          searchPath: `${root}/nowhere::${root}/bin`,
          downloadUrl: `http://127.0.0.1:${port}/`,
          assets: { [`${process.platform}-${process.arch}`]: ASSET },
          ...over,
        },
        signal,
      );
    },

    async stopListening() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },

    async [Symbol.asyncDispose]() {
      await world.stopListening();
      await rm(root, { recursive: true, force: true });
    },
  };
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    world.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return world;
}
