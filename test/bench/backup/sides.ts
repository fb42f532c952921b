import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageManifest } from '../../../engine/agent/image/manifest.ts';
import { type ImageAt, MANIFEST, openObjects, ownRoom } from '../../../engine/agent/image/objects.ts';
import { writeImage } from '../../../engine/agent/image/write-image.ts';
import { unpackManifest } from '../../../engine/agent/manifest.ts';
import { placeAt } from '../../../engine/agent/place.ts';
import { PROTOCOL, type RestoreOrder, type SaveOrder } from '../../../engine/domain/agent-protocol.ts';
import { manifestKey } from '../../../engine/domain/layout.ts';
import { DEFAULTS } from '../../../engine/domain/settings.ts';
import { repositoryAccess } from '../../../engine/steps/access.ts';
import { AGENT_ENTRY, bundleAgent } from '../../../engine/tools/bundle-agent.ts';
import { machineOn, type ResticMachine } from '../../standins/r2/machine.ts';
import type { R2 } from '../../standins/r2/r2.ts';
import { ROOT } from '../../storage/storage-world.ts';
import { type Measured, measured } from './measured.ts';

/** One way of keeping a workspace, in a repository of its own. */
export interface Side extends AsyncDisposable {
  readonly name: string;
  /** The prefix of everything that it stores. */
  readonly prefix: string;
  /** All of it for the first time, or what changed since. */
  backUp(): Promise<Measured>;
  /** The newest one, onto a machine that never saw it. Takes it away again. */
  restore(): Promise<Measured>;
}

export interface Tools {
  readonly restic: string;
  readonly r2: R2;
  /** Where the workspace lies, below the root of a machine. */
  readonly root: string;
  /** For what is restored. */
  readonly scratch: string;
}

/** restic as anybody starts it, with nothing said to it but where. */
export async function plainSide({ restic, r2, root, scratch }: Tools, id: string): Promise<Side> {
  const { endpoint, bucket } = r2.world.place();
  const cache = join(scratch, `${id}-cache`);
  const environment = {
    RESTIC_REPOSITORY: `s3:${endpoint}/${bucket}/${id}`,
    RESTIC_PASSWORD: 'as people choose them',
    RESTIC_CACHE_DIR: cache,
    AWS_ACCESS_KEY_ID: ROOT.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ROOT.secretAccessKey,
  };
  const run = async (argv: readonly string[], own: Record<string, string> = {}): Promise<Measured> =>
    await measured(r2, { argv, environment: { ...environment, ...own } });
  await run([restic, 'init']);
  return {
    name: 'plain restic',
    prefix: `${id}/`,
    backUp: async () => await run([...LOW, restic, 'backup', ...ROOTS.map((folder) => join(root, folder))]),
    async restore() {
      const target = join(scratch, `${id}-back`);
      const fresh = join(scratch, `${id}-fresh`);
      const done = await run([restic, 'restore', 'latest', '--target', target], { RESTIC_CACHE_DIR: fresh });
      for (const folder of [target, fresh]) rmSync(folder, { recursive: true, force: true });
      return done;
    },
    async [Symbol.asyncDispose]() {
      rmSync(cache, { recursive: true, force: true });
    },
  };
}

export interface OurSide extends Side {
  readonly password: string;
  readonly imageAt: ImageAt;
  /** Over the line that ends at `endpoint`; from the wake image, as far as it goes. What `onUsable` does it has time for. */
  wake(image: boolean, endpoint: string, onUsable?: (root: string) => Promise<void>): Promise<Measured>;
  /** Of what was backed up last. */
  writeImage(): Promise<{ readonly seconds: number; readonly image: ImageManifest; readonly sentBytes: number }>;
}

/** The program on the machine, with the orders that the engine gives it. */
export async function ourSide({ restic, r2, root, scratch }: Tools, id: string): Promise<OurSide> {
  rmSync(join(root, 'opt'), { recursive: true, force: true }); // of another one
  const machine = await machineOn(r2.world, id);
  const program = join(scratch, 'agent.mjs');
  writeFileSync(program, (await bundleAgent(AGENT_ENTRY)).bytes);
  const base = { protocol: PROTOCOL, workspace: id, machine: 'm1', epoch: 1 };
  const ask = async (
    verb: string,
    on: string,
    order: object,
    over: string,
    onUsable = (_root: string): void => undefined,
  ): Promise<Measured & { last: Said }> => {
    let last: Said = { event: '' };
    const places = ['--root', on, '--home', join(on, 'opt/dumont'), '--restic', restic];
    const done = await measured(r2, {
      argv: [process.execPath, program, verb, ...places],
      input: JSON.stringify(order),
      hear(line) {
        const said = JSON.parse(line) as Said;
        if (said.event === over) last = said;
        if (said.event === 'usable') onUsable(on);
        const isOver = said.event === over;
        return { event: said.event, over: isOver, ...(isOver && verb === 'save' ? { say: VERDICT } : {}) };
      },
    });
    return { ...done, last };
  };
  const repository = await accessTo(machine);
  const bringing = (snapshot: RestoreOrder['snapshot'], image = false): RestoreOrder => {
    return { ...base, verb: 'restore', job: `job-${snapshot?.id.slice(0, 8) ?? 'new'}`, snapshot, repository, image };
  };
  await ask('restore', root, bringing(null), 'complete');
  let newest: { readonly id: string; readonly contentHash: string } | null = null;
  let sequence = 0;
  let before: ImageManifest | null = null;
  const wake: OurSide['wake'] = async (image, endpoint, onUsable) => {
    if (newest === null) throw new Error('nothing was backed up');
    const target = join(scratch, `${id}-back`);
    mkdirSync(join(target, 'opt/dumont'), { recursive: true });
    const manifestUrl = await machine.storage.presign('GET', manifestKey(id, newest.id), HOUR);
    const snapshot = { ...newest, manifestUrl, baseUrl: null };
    const order = bringing(snapshot, image);
    const url = order.repository.url.replace(machine.storage.endpoint, endpoint);
    const there = { ...order, repository: { ...order.repository, url } };
    let inUse: Promise<void> | undefined;
    const done = await ask('restore', target, there, 'complete', (on) => {
      inUse = onUsable?.(on);
    });
    await inUse;
    rmSync(target, { recursive: true, force: true });
    return done;
  };
  return {
    name: 'Dumont',
    prefix: `${id}/`,
    async backUp() {
      sequence += 1;
      const draft = `${id}/draft-${sequence}`;
      const order: SaveOrder = {
        ...base,
        verb: 'save',
        mode: 'live',
        sequence,
        repository,
        parent: newest?.id ?? null,
        time: Date.now(),
        tags: ['epoch=1'],
        include: [],
        exclude: [],
        fileBytesMax: DEFAULTS.save.fileBytesMax,
        rounds: DEFAULTS.save.rounds,
        manifestUrl: await machine.storage.presign('PUT', draft, HOUR),
      };
      const done = await ask('save', root, order, 'saved');
      if (done.last.partial) throw new Error('some files could not be read');
      newest = { id: done.last.snapshot!, contentHash: done.last.contentHash! };
      await moveDraft(machine, draft, manifestKey(id, newest.id));
      return done;
    },
    password: repository.password,
    imageAt: { password: repository.password, at: repository },
    restore: () => wake(false, machine.storage.endpoint),
    wake,
    async writeImage() {
      const { signal } = new AbortController();
      const { password, ...at } = repository;
      const stored = await machine.storage.get(manifestKey(id, newest!.id), signal);
      const lines = await unpackManifest(stored!, null, newest!.contentHash);
      const objects = openObjects(at);
      const there = await objects.get(MANIFEST, ownRoom, signal);
      objects.close();
      const backup = { epoch: 1, sequence: 1, snapshot: newest!.id, contentHash: newest!.contentHash };
      const order = { password, at, backup, lines, before, tag: there?.tag ?? null, threads: 2 };
      r2.moved();
      const began = performance.now();
      const written = await writeImage(order, placeAt(root, join(root, 'opt/dumont'), restic, null), signal, signal);
      if (!written?.image?.whole) throw new Error(`the image is not whole: ${written?.why}`);
      const { image } = written;
      before = image;
      return { seconds: (performance.now() - began) / 1_000, image, sentBytes: r2.moved().received };
    },
    [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose](),
  };
}

interface Said {
  readonly event: string;
  readonly snapshot?: string;
  readonly contentHash?: string;
  readonly partial?: boolean;
}

const accessTo = async ({ storage, repositories, workspace }: ResticMachine) =>
  await repositoryAccess(workspace, { storage, repositories, settings: DEFAULTS });

/** As the engine does when it has looked at it. */
async function moveDraft({ storage }: ResticMachine, from: string, to: string): Promise<void> {
  const { signal } = new AbortController();
  const bytes = await storage.get(from, signal);
  if (!bytes) throw new Error('the list of files is not there');
  await storage.put(to, bytes, signal);
  await storage.remove(from, signal);
}

/** The agent saves at low priority while people work; so does the other then, or the computer's other work would decide. */
const LOW = ['nice', '-n', '10'];
const ROOTS = ['root', 'workspace', 'data'];
const VERDICT = JSON.stringify({ say: 'verdict', processes: 'continue' });
const HOUR = 3_600_000;
