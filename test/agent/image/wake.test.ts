import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { setAttributes } from '../../../engine/agent/image/attributes.ts';
import { imageKeys } from '../../../engine/agent/image/keys.ts';
import {
  type ImageEntry,
  type ImageFile,
  type ImageManifest,
  packImage,
  unpackImage,
} from '../../../engine/agent/image/manifest.ts';
import { resticProgram } from '../../restic/which-restic.ts';
import { runningWith } from '../living.ts';
import {
  type Machine,
  openWorld,
  restoreOrder,
  type Saved,
  saveOnce,
  saveOrder,
  snapshotOf,
  treeOf,
  type World,
} from '../machine.ts';
import { weights } from './weights.ts';

vi.setConfig({ testTimeout: 120_000 });

test.skipIf(resticProgram === null)('a wake from an image needs nothing of restic', async () => {
  await using world = await openWorld();
  const { before, saved } = await asleepWithImage(world);
  const data = join(world.repository.url, 'data');
  rmSync(data, { recursive: true });
  const b = world.machine('b');
  const events = await b.run('restore', restoreOrder(world, { snapshot: snapshotOf(world, saved), image: true }));
  expect(events.at(-1)).toMatchObject({ event: 'complete', contentHash: saved.contentHash });
  expect(events).toContainEqual(expect.objectContaining({ event: 'image_read', files: 6, why: null }));
  expect(treeOf(b.root, ['opt'])).toEqual(before);
});

test.skipIf(resticProgram === null)('what is damaged comes with restic, and why is said', async () => {
  await using world = await openWorld();
  const { before, saved } = await asleepWithImage(world);
  const segments = join(world.repository.url, 'image/segments');
  for (const name of readdirSync(segments)) {
    const bytes = readFileSync(join(segments, name));
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(join(segments, name), bytes);
  }
  const b = world.machine('b');
  const events = await b.run('restore', restoreOrder(world, { snapshot: snapshotOf(world, saved), image: true }));
  expect(events.at(-1)).toMatchObject({ event: 'complete', contentHash: saved.contentHash });
  expect(events).toContainEqual(
    expect.objectContaining({ event: 'image_read', files: 1, why: expect.stringContaining('damaged') }), // the empty one
  );
  expect(treeOf(b.root, ['opt'])).toEqual(before);
});

test.skipIf(resticProgram === null)(
  'what an image has under a hash that is not its own comes with restic',
  async () => {
    await using world = await openWorld();
    const { before, saved } = await asleepWithImage(world);
    const image = imageOf(world);
    const extentsOf = (name: string) => filesOf(image).find(({ path }) => path.endsWith(name))!.extents;
    const [model, ...pieces] = extentsOf('model.safetensors');
    const [other] = pieces.splice(0, 1);
    const wrong = new Map<string, ImageFile['extents']>([
      ['workspace/code/a.py', extentsOf('b.py')],
      ['workspace/code/b.py', extentsOf('a.py')],
      // Its first two pieces, each in the place of the other.
      [
        'workspace/models/of/ana/model.safetensors',
        [[other![0], 0, ...model!.slice(2)], [model![0], 0, ...other!.slice(2)], ...pieces] as ImageFile['extents'],
      ],
    ]);
    forge(world, (entry) =>
      entry.type === 'file' ? { ...entry, extents: wrong.get(entry.path) ?? entry.extents } : entry,
    );
    const b = world.machine('b');
    const events = await b.run('restore', restoreOrder(world, { snapshot: snapshotOf(world, saved), image: true }));
    expect(events.at(-1)).toMatchObject({ event: 'complete', contentHash: saved.contentHash });
    expect(treeOf(b.root, ['opt'])).toEqual(before);
    expect(events).toContainEqual(
      expect.objectContaining({
        event: 'image_read',
        files: 3,
        why: expect.stringMatching(/^the wake image is damaged: .*\.(py|safetensors)/),
      }),
    );
  },
);

test.skipIf(resticProgram === null || process.getuid?.() !== 0).each(['code', 'model.safetensors'])(
  'where the image cannot give %s its owner everything comes with restic',
  async (name) => {
    await using world = await openWorld();
    const { before, saved } = await asleepWithImage(world);
    forge(world, (entry) => (entry.path.endsWith(name) ? { ...entry, uid: 2 ** 40 } : entry));
    const b = world.machine('b');
    const events = await b.run('restore', restoreOrder(world, { snapshot: snapshotOf(world, saved), image: true }));
    expect(events.at(-1)).toMatchObject({ event: 'complete', contentHash: saved.contentHash });
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'image_read', why: expect.stringContaining('out of range') }),
    );
    expect(treeOf(b.root, ['opt'])).toEqual(before);
  },
);

test.skipIf(resticProgram === null)('a restore that does not begin leaves nothing behind that runs', async () => {
  await using world = await openWorld();
  const { saved } = await asleepWithImage(world);
  const b = world.machine('b');
  const snapshot = { ...snapshotOf(world, saved), manifestUrl: world.url('refused') };
  const events = await b.run('restore', restoreOrder(world, { snapshot, image: true }));
  expect(events.at(-1)).toMatchObject({ event: 'failed', code: 'storage_refused' });
  await expect.poll(() => runningWith(b.root), { timeout: 10_000 }).toEqual([]);
});

test.skipIf(resticProgram === null)('an image of another version is left alone, and that is said', async () => {
  await using world = await openWorld();
  const { before, saved } = await asleepWithImage(world);
  const manifest = join(world.repository.url, 'image/manifest');
  const earlier = readFileSync(manifest, 'latin1').replace('"version":2', '"version":1');
  writeFileSync(manifest, earlier, 'latin1');
  const b = world.machine('b');
  const events = await b.run('restore', restoreOrder(world, { snapshot: snapshotOf(world, saved), image: true }));
  const why = 'the wake image is of version 1, which this Dumont does not read';
  expect(events).toContainEqual({ event: 'image_read', files: 0, bytes: 0, why });
  expect(treeOf(b.root, ['opt'])).toEqual(before);
});

test.skipIf(resticProgram === null)('an image of before brings what is the same, and restic the rest', async () => {
  await using world = await openWorld();
  const { a } = await asleepWithImage(world);
  writeFileSync(join(a.root, 'workspace/code/a.py'), 'print(3)\n');
  writeFileSync(join(a.root, 'workspace/new'), 'new\n');
  execFileSync('mkfifo', [join(a.root, 'workspace/pipe')]);
  const before = treeOf(a.root, ['opt']);
  const saved = await saveOnce(world, a, { sequence: 9 });
  const b = world.machine('b');
  const events = await b.run('restore', restoreOrder(world, { snapshot: snapshotOf(world, saved), image: true }));
  expect(events.at(-1)).toMatchObject({ event: 'complete', contentHash: saved.contentHash });
  expect(events).toContainEqual(
    expect.objectContaining({ event: 'image_read', files: 5, why: 'files that are not in it as they were saved: 2' }),
  );
  expect(treeOf(b.root, ['opt'])).toEqual(before);
});

test.skipIf(resticProgram === null || process.getuid?.() !== 0)(
  'what changed of a file but its data comes as it was saved, from restic, and the rest from the image',
  async () => {
    await using world = await openWorld();
    const a = world.machine('a');
    await a.run('restore', restoreOrder(world));
    const at = (path: string): string => join(a.root, 'workspace', path);
    for (const folder of ['code', 'given', 'fewer/below', 'only']) mkdirSync(at(folder), { recursive: true });
    for (const file of ['chown', 'xattr', 'linked', 'a', 'b', 'kept']) writeFileSync(at(`code/${file}`), file);
    for (const file of ['apart', 'again']) writeFileSync(at(`code/${file}`), 'the same');
    for (const file of ['apart', 'again']) utimesSync(at(`code/${file}`), 1e9, 1e9);
    linkSync(at('code/a'), at('code/another'));
    symlinkSync('a', at('code/link'));
    for (const file of ['given/x', 'fewer/x', 'fewer/y', 'fewer/below/x']) writeFileSync(at(file), file);
    for (const file of ['one', 'two']) writeFileSync(at(`only/${file}`), weights('bf16', 18_000_000));
    await saveWithImage(world, a, 14);
    chownSync(at('code/chown'), 1234, 1235);
    expect(setAttributes([{ path: Buffer.from(at('code/xattr')), xattrs: [['dXNlci5r', 'dg==']] }])).toBe(true);
    linkSync(at('code/linked'), at('code/linked 2'));
    rmSync(at('code/again'));
    linkSync(at('code/apart'), at('code/again'));
    execFileSync('sh', ['-c', 'cp -p another t && mv t another'], { cwd: at('code') });
    lutimesSync(at('code/link'), 5e8, 5e8);
    lchownSync(at('code/link'), 1234, 1235);
    chownSync(at('given'), 1234, 1235);
    rmSync(at('fewer/y'));
    chmodSync(at('only'), 0o750);
    expect(setAttributes([{ path: Buffer.from(at('only')), xattrs: [['dXNlci5r', 'dg==']] }])).toBe(true);
    const events = await comesBackAsItIs(world, a);
    // What is in a folder that changed, code/kept, code/b, and both of the large ones.
    expect(events).toContainEqual(expect.objectContaining({ event: 'image_read', files: 7 }));
  },
);

test.skipIf(resticProgram === null)('a folder with other rights keeps nothing in it from the image', async () => {
  await using world = await openWorld();
  const { a } = await asleepWithImage(world);
  chmodSync(join(a.root, 'workspace/models'), 0o700);
  const before = treeOf(a.root, ['opt']);
  const saved = await saveOnce(world, a, { sequence: 9 });
  const b = world.machine('b');
  const events = await b.run('restore', restoreOrder(world, { snapshot: snapshotOf(world, saved), image: true }));
  expect(events).toContainEqual(expect.objectContaining({ event: 'image_read', files: 6, why: null }));
  expect(treeOf(b.root, ['opt'])).toEqual(before);
});

test.skipIf(resticProgram === null)('a wake that could only make a folder is not complete', async () => {
  await using world = await openWorld();
  const { a } = await asleepWithImage(world);
  chmodSync(join(a.root, 'workspace/code'), 0o750);
  const saved = await saveOnce(world, a, { sequence: 9 });
  rmSync(join(world.repository.url, 'data'), { recursive: true });
  const b = world.machine('b');
  const events = await b.run('restore', restoreOrder(world, { snapshot: snapshotOf(world, saved), image: true }));
  expect(events.at(-1)).toMatchObject({ event: 'failed' });
});

test.skipIf(resticProgram === null)('without an image restic brings everything', async () => {
  await using world = await openWorld();
  const a = world.machine('a');
  await a.run('restore', restoreOrder(world));
  writeFileSync(join(a.root, 'workspace/a'), 'a\n');
  const saved = await saveOnce(world, a);
  const b = world.machine('b');
  const events = await b.run('restore', restoreOrder(world, { snapshot: snapshotOf(world, saved), image: true }));
  expect(events).toContainEqual({ event: 'image_read', files: 0, bytes: 0, why: 'there is no wake image' });
  expect(events.at(-1)).toMatchObject({ event: 'complete', contentHash: saved.contentHash });
});

test.skipIf(resticProgram === null).each([
  ['is gone', (image: string) => rmSync(image, { recursive: true })],
  ['is damaged', (image: string) => writeFileSync(join(image, 'manifest'), 'nothing')],
  ['is of before', () => undefined],
])('a directory with nothing but large files comes when the image %s', async (_, spoil) => {
  await using world = await openWorld();
  const { a } = await asleepWithImage(world);
  spoil(join(world.repository.url, 'image'));
  mkdirSync(join(a.root, 'workspace/checkpoints/step 2'), { recursive: true });
  chmodSync(join(a.root, 'workspace/checkpoints/step 2'), 0o710);
  writeFileSync(join(a.root, 'workspace/checkpoints/step 2/large.bin'), weights('bf16', 18_000_000));
  writeFileSync(join(a.root, 'workspace/code/a.py'), 'print(3)\n');
  await comesBackAsItIs(world, a);
});

test.skipIf(resticProgram === null || process.getuid?.() !== 0)(
  'a directory that hands its group down keeps it to itself',
  async () => {
    await using world = await openWorld();
    const { a, saved } = await asleepWithImage(world);
    const b = world.machine('b');
    mkdirSync(join(b.root, 'workspace'));
    chownSync(join(b.root, 'workspace'), 0, 1);
    chmodSync(join(b.root, 'workspace'), 0o2775);
    await b.run('restore', restoreOrder(world, { snapshot: snapshotOf(world, saved), image: true }));
    const here = (root: string) => treeOf(root, ['opt']).filter((line) => !line.startsWith("b'workspace' "));
    expect(here(b.root)).toEqual(here(a.root));
    for (const path of ['code', 'code/a.py', 'models/of/ana/model.safetensors'])
      expect(statSync(join(b.root, 'workspace', path)).gid, path).toBe(process.getgid?.());
  },
);

const filesOf = ({ entries }: ImageManifest): readonly ImageFile[] => entries.filter((entry) => entry.type === 'file');

const keysOf = ({ repository }: World) => imageKeys(repository.password);
const manifestOf = ({ repository }: World): string => join(repository.url, 'image/manifest');
const imageOf = (world: World): ImageManifest => unpackImage(readFileSync(manifestOf(world)), keysOf(world));

/** As a writer with a fault would have said it. */
function forge(world: World, change: (entry: ImageEntry) => ImageEntry): void {
  const image = imageOf(world);
  writeFileSync(manifestOf(world), packImage({ ...image, entries: image.entries.map(change) }, keysOf(world)));
}

async function asleepWithImage(world: World): Promise<{ a: Machine; before: readonly string[]; saved: Saved }> {
  const a = world.machine('a');
  await a.run('restore', restoreOrder(world));
  const work = join(a.root, 'workspace');
  mkdirSync(join(work, 'code'), { recursive: true });
  writeFileSync(join(work, 'code/a.py'), 'print(1)\n');
  writeFileSync(join(work, 'code/b.py'), 'print(2)\n');
  writeFileSync(join(work, 'empty'), '');
  mkdirSync(join(work, 'models/of/ana'), { recursive: true });
  chmodSync(join(work, 'models'), 0o750);
  writeFileSync(join(work, 'models/of/ana/model.safetensors'), weights('bf16', 18_000_000));
  writeFileSync(join(a.root, 'root/.bashrc'), 'alias l=ls\n');
  writeFileSync(join(a.root, 'data/table.csv'), '1,2\n');
  const before = treeOf(a.root, ['opt']);
  const saved = await saveWithImage(world, a, 6);
  return { a, before, saved };
}

/** With the image of before: saved now, and woken on another machine. What that said. */
async function comesBackAsItIs(world: World, a: Machine) {
  const before = treeOf(a.root, ['opt']);
  const saved = await saveOnce(world, a, { sequence: 9 });
  const b = world.machine('b');
  const events = await b.run('restore', restoreOrder(world, { snapshot: snapshotOf(world, saved), image: true }));
  expect(events.at(-1)).toMatchObject({ event: 'complete', contentHash: saved.contentHash });
  expect(treeOf(b.root, ['opt'])).toEqual(before);
  return events;
}

async function saveWithImage(world: World, machine: Machine, files: number): Promise<Saved> {
  const agent = machine.start('save', saveOrder(world, { mode: 'last', imageMs: 60_000 }));
  const saved = await agent.until('saved');
  agent.say({ say: 'verdict', processes: 'keep-stopped' });
  expect(await agent.until('image_written')).toMatchObject({ image: { whole: true, files }, why: null });
  await agent.until('kept_stopped');
  await agent.ended;
  return saved;
}
