import type { ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryPrefix, repositoryUrl } from '../../../engine/domain/layout.ts';
import type { Repositories, Storage } from '../../../engine/domain/ports.ts';
import type { Workspace } from '../../../engine/domain/workspace.ts';
import { openAccess } from '../../../engine/restic/access.ts';
import * as restic from '../../../engine/restic/commands.ts';
import { patternFile } from '../../../engine/restic/exclude-patterns.ts';
import { readLine } from '../../../engine/restic/readings.ts';
import { type Ran, runRestic } from '../../../engine/restic/run.ts';
import { masterKey } from '../../../engine/storage/master-key.ts';
import { resticRepositories } from '../../../engine/storage/repositories.ts';
import { s3Storage } from '../../../engine/storage/s3.ts';
import { aWorkspace } from '../../contracts/store-rows.ts';
import { resticProgram } from '../../restic/which-restic.ts';
import { ROOT, type StorageWorld } from '../../storage/storage-world.ts';

/** A workspace's repository with both its sides: restic as a machine runs it, and the control host. */
export interface ResticMachine extends AsyncDisposable {
  readonly root: string;
  readonly workspace: Workspace;
  readonly storage: Storage;
  readonly repositories: Repositories;
  /** Backs up `work` below the root and returns the snapshot's id. */
  backUp(): Promise<string>;
  /** The same, killed without a word once this has come. */
  dieBackingUp(when: Promise<unknown>): Promise<void>;
  /** Restic with a machine's credentials; `fresh` without anything in its cache. */
  run(args: readonly string[], fresh?: boolean): Promise<Ran & { readonly lines: readonly string[] }>;
}

const { signal } = new AbortController();
export const MASTER_KEY = masterKey(Buffer.alloc(32, 1));
export const REACH = { region: 'auto', connections: 8 };

export async function machineOn(world: StorageWorld, id = 'lab'): Promise<ResticMachine> {
  await using opening = new AsyncDisposableStack();
  const storage = opening.use(s3Storage({ ...world.place(), parent: { ...ROOT, account: 'local' }, now: Date.now }));
  const folder = join(world.folder, `control-${id}`);
  const root = join(world.folder, `machine-${id}`);
  for (const one of [folder, join(root, 'work'), join(root, 'cache')]) mkdirSync(one, { recursive: true });
  const program = resticProgram ?? '';
  const options = { restic: program, storage, masterKey: MASTER_KEY, folder, now: Date.now };
  const repositories = resticRepositories({ ...options, connections: REACH.connections, log: () => undefined });
  const { sealed } = await repositories.newPassword();
  const workspace = aWorkspace({ id, createdAt: 1, sealedPassword: sealed });
  await repositories.ensure(workspace, signal);
  const credentials = await storage.issue({ prefix: repositoryPrefix(id), access: 'write', ttlMs: 3_600_000 });
  const repository = {
    url: repositoryUrl(storage.endpoint, storage.bucket, id),
    password: await repositories.password(workspace),
    credentials,
    ...REACH,
  };
  const folders = { secrets: join(root, 'secrets'), cache: join(root, 'cache'), temporary: root };
  const access = opening.use(await openAccess(repository, folders));
  const excludeFile = join(root, 'exclude');
  writeFileSync(excludeFile, patternFile([]));
  let parent: string | null = null;
  let fresh = 0;
  let at = Date.now();

  const run = async (args: readonly string[], anew = false, onStart?: (child: ChildProcess) => void) => {
    const lines: string[] = [];
    const cache = anew ? { RESTIC_CACHE_DIR: join(root, `cache-${++fresh}`) } : {};
    const environment = { ...access.environment, ...cache };
    const start = { program, args, environment, cwd: root, patienceMs: 60_000 };
    const ran = await runRestic({ ...start, onStart, onLine: (line) => lines.push(line) }, signal);
    return { ...ran, lines };
  };
  const order = (): readonly string[] => {
    at += 1_000;
    const of = { ...REACH, host: id, parent, ignoreInode: false, tags: [], excludeFile, targets: ['work'] };
    return restic.backup({ ...of, time: at });
  };
  const opened = opening.move();
  return {
    root,
    workspace,
    storage,
    repositories,
    run: async (args, anew) => await run(args, anew),
    async backUp() {
      const { code, words, lines } = await run(order());
      const said = readLine(lines.at(-1) ?? '');
      if (code !== 0 || said?.message_type !== 'summary' || !said.snapshot_id) throw new Error(words);
      parent = said.snapshot_id;
      return said.snapshot_id;
    },
    async dieBackingUp(when) {
      const { code } = await run(order(), false, (child) => void when.then(() => child.kill('SIGKILL')));
      if (code !== null) throw new Error(`it ended with ${code} before it was killed`);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
