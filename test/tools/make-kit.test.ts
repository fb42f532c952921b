import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { AgentEvent } from '../../engine/domain/agent-protocol.ts';
import type { Tool } from '../../engine/domain/ports.ts';
import { AGENT_ENTRY, bundleAgent } from '../../engine/tools/bundle-agent.ts';
import { makeKit } from '../../engine/tools/make-kit.ts';

const NEVER = new AbortController().signal;

describe.concurrent('the kit', () => {
  test('holds the three programs under the hashes of what they are unpacked', async () => {
    await using world = await newWorld();
    const tools = await world.kit();
    expect(tools.map(({ name }) => name)).toEqual(['node', 'agent', 'restic']);
    for (const tool of tools) {
      const gz = await readFile(tool.file);
      const program = gunzipSync(gz);
      expect(gz.length).toBe(tool.sizeBytes);
      expect(createHash('sha256').update(program).digest('hex')).toBe(tool.sha256);
      expect(tool.key).toBe(`kit/${tool.sha256}.gz`);
    }
    expect(gunzipSync(await readFile(tools[0]!.file))).toEqual(await readFile(world.node));
    expect(tools[0]!.file).toContain(`node-${process.arch}-${tools[0]!.sha256}.gz`);
  });

  test('is the same at the next start, and nothing is packed again', async () => {
    await using world = await newWorld();
    const first = await world.kit();
    const before = await world.inodes();
    expect(await world.kit()).toEqual(first);
    expect(await world.inodes()).toEqual(before);
  });

  test('does not even read a program again that looks as it did', async () => {
    await using world = await newWorld();
    const mtime = new Date(1_700_000_000_000);
    await utimes(world.node, mtime, mtime);
    const first = await world.kit();
    await writeFile(world.node, randomBytes(300_000)); // the same size, and its old time again
    await utimes(world.node, mtime, mtime);
    expect(await world.kit()).toEqual(first);
    await utimes(world.node, mtime, new Date(mtime.getTime() + 1_000));
    expect(hashes(await world.kit()).node).not.toBe(hashes(first).node);
  });

  test('has a new agent when any of its sources changes, and only then', async () => {
    await using world = await newWorld();
    const first = hashes(await world.kit());
    await writeFile(join(world.sources, 'words.ts'), "export const words: string = 'other words';\n");
    const second = hashes(await world.kit());
    expect(second.agent).not.toBe(first.agent);
    expect(second.node).toBe(first.node);
    await writeFile(join(world.sources, 'words.ts'), WORDS);
    expect(hashes(await world.kit()).agent).toBe(first.agent);
  });

  test.each([
    ['a packed program is gone', async (tools: readonly Tool[]) => await rm(tools[0]!.file)],
    ['a packed program is cut short', async (tools: readonly Tool[]) => await truncate(tools[0]!.file, 1_000)],
    [
      'a label cannot be read',
      async (_: readonly Tool[], shelf: string) => {
        for (const name of await readdir(shelf))
          if (name.endsWith('.json')) await writeFile(join(shelf, name), '{"sha');
      },
    ],
  ])('is made again when %s', async (_name, harm) => {
    await using world = await newWorld();
    const first = await world.kit();
    await harm(first, world.shelf);
    expect(await world.kit()).toEqual(first);
    expect(gunzipSync(await readFile(first[0]!.file))).toEqual(await readFile(world.node));
  });

  test('made by two at once is whole for both', async () => {
    await using world = await newWorld();
    const [one, two] = await Promise.all([world.kit(), world.kit()]);
    expect(one).toEqual(two);
    expect((await readdir(world.shelf)).filter((name) => name.startsWith('coming'))).toEqual([]);
    expect(gunzipSync(await readFile(one[0]!.file))).toEqual(await readFile(world.node));
  });

  test('that is not wanted any more leaves nothing half done', async () => {
    await using world = await newWorld();
    await expect(world.kit(AbortSignal.abort(new Error('stopping')))).rejects.toThrow();
    expect((await readdir(world.shelf)).filter((name) => name.startsWith('coming'))).toEqual([]);
  });
});

describe.concurrent('the bundled agent', () => {
  test('is one file that runs on its own', async () => {
    await using world = await newWorld();
    const { bytes } = await bundleAgent(world.entry);
    const program = join(world.root, 'alone.mjs');
    await writeFile(program, bytes);
    expect(spawnSync(process.execPath, [program], { encoding: 'utf8', cwd: '/' }).stdout).toBe('some words\n');
  });

  test('is the same wherever its sources lie', async () => {
    await using world = await newWorld();
    await cp(world.sources, join(world.root, 'deep/elsewhere'), { recursive: true });
    const one = await bundleAgent(world.entry);
    const two = await bundleAgent(join(world.root, 'deep/elsewhere/entry.ts'));
    expect(Buffer.from(two.bytes).equals(one.bytes)).toBe(true);
  });

  test('of ours answers in our protocol', async () => {
    await using world = await newWorld();
    const { bytes, inputs } = await bundleAgent(AGENT_ENTRY);
    const program = join(world.root, 'agent.mjs');
    await writeFile(program, bytes);
    const { stdout, stderr } = spawnSync(process.execPath, [program, 'ready', '--root', world.root], {
      input: '{}\n',
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(AgentEvent.parse(JSON.parse(stdout))).toMatchObject({ event: 'failed', code: 'bad_request' });
    expect(inputs).toContain(AGENT_ENTRY);
  });
});

const WORDS = "export const words: string = 'some words';\n";

function hashes(tools: readonly Tool[]): Partial<Record<Tool['name'], string>> {
  return Object.fromEntries(tools.map(({ name, sha256 }) => [name, sha256]));
}

/** Small programs in the place of Node and restic, and an agent of two files. */
async function newWorld() {
  const root = await mkdtemp(join(tmpdir(), 'dumont-kit-'));
  const sources = join(root, 'sources');
  const world = {
    root,
    sources,
    entry: join(sources, 'entry.ts'),
    node: join(root, 'node'),
    shelf: join(root, 'kit'),
    async kit(signal = NEVER) {
      const parts = { folder: world.shelf, node: world.node, restic: join(root, 'restic'), agentEntry: world.entry };
      return (await makeKit(parts, signal)).tools;
    },
    async inodes() {
      const names = (await readdir(world.shelf)).sort();
      return await Promise.all(names.map(async (name) => [name, (await stat(join(world.shelf, name))).ino]));
    },
    [Symbol.asyncDispose]: async () => await rm(root, { recursive: true, force: true }),
  };
  await writeFile(world.node, randomBytes(300_000));
  await writeFile(join(root, 'restic'), randomBytes(100_000));
  await cp(join(import.meta.dirname, 'samples/agent'), sources, { recursive: true });
  return world;
}
