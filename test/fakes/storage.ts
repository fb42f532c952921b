import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { RestoreOrder } from '../../engine/domain/agent-protocol.ts';
import { Failure } from '../../engine/domain/failures.ts';
import type {
  Credentials,
  Repositories,
  RestoredFiles,
  Storage,
  StoredFile,
  StoredObject,
  StoredSnapshot,
} from '../../engine/domain/ports.ts';
import type { Workspace } from '../../engine/domain/workspace.ts';
import type { FakeMachine } from './machine.ts';

/** What a snapshot in the fake repository holds: each path with its content and when it was written. */
export type Files = ReadonlyMap<string, FakeFile>;
export interface FakeFile {
  readonly content: string;
  readonly mtimeMs: number;
}

export interface Kept extends StoredSnapshot {
  readonly files: Files;
  /** The restore before it had ended. */
  readonly whole: boolean;
}

/** Objects and restic snapshots in memory. It outlives engines and machines. */
export class FakeStorage implements Storage, Repositories {
  readonly endpoint = 'http://storage.test';
  readonly bucket = 'hot';
  readonly region = 'auto';
  readonly objects = new Map<string, Uint8Array>();
  /** Why nothing can be read or written. */
  down: string | null = null;
  /** Gives back other bytes than it was given. */
  rots = false;
  onKeep: (workspace: string, kept: Kept, machine: FakeMachine) => void = () => undefined;
  onFetch: (machine: FakeMachine, order: RestoreOrder) => void = () => undefined;
  readonly compacted: string[] = [];
  /** What was there, and was removed by name. */
  readonly forgotten = new Set<string>();
  /** What a check finds. */
  damage: readonly string[] = [];
  #passwords = 0;
  readonly #repositories = new Map<string, Map<string, Kept>>();

  async issue(): Promise<Credentials> {
    return { accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: 'token', expiresAt: Number.MAX_SAFE_INTEGER };
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    this.objects.set(key, body);
  }

  async get(key: string): Promise<Uint8Array | null> {
    return this.objects.get(key) ?? null;
  }

  async list(prefix: string): Promise<readonly StoredObject[]> {
    const names = [...this.#repositories].flatMap(([workspace, kept]) =>
      [...kept.keys()].map((id) => [`${workspace}/repo/snapshots/${id}`, new Uint8Array(1)] as const),
    );
    return [...this.objects, ...names]
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, body]) => ({ key, sizeBytes: body.length, writtenAt: 0, etag: hash('md5', body) }));
  }

  async remove(key: string): Promise<void> {
    this.objects.delete(key);
    const [, workspace = '', id = ''] = SNAPSHOT_NAME.exec(key) ?? [];
    this.#repositories.get(workspace)?.delete(id);
  }

  async presign(verb: 'GET' | 'PUT', key: string): Promise<string> {
    return `${this.endpoint}/${this.bucket}/${key}?verb=${verb}`;
  }

  /** What a machine does with a URL it was given. */
  keyOf(url: string): string {
    return new URL(url).pathname.slice(`/${this.bucket}/`.length);
  }

  async ensure(workspace: Workspace): Promise<void> {
    this.repository(workspace.id);
  }

  async password(workspace: Workspace): Promise<string> {
    return `password of ${workspace.id}`;
  }

  async newPassword(): Promise<{ readonly sealed: string }> {
    this.#passwords += 1;
    return { sealed: this.#passwords === 1 ? 'sealed' : `sealed ${this.#passwords}` };
  }

  async addPassword({ id }: Workspace, sealed: string): Promise<void> {
    if (this.down !== null) throw new Failure('storage_down', { why: this.down });
    this.objects.set(keyOf(id, sealed), Buffer.from(sealed));
  }

  async formerKeys({ id, sealedPassword }: Workspace): Promise<readonly string[]> {
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(`${id}/repo/keys/`));
    const own = keyOf(id, sealedPassword);
    return keys.includes(own) ? keys.filter((key) => key !== own) : [];
  }

  read(workspace: Workspace, id: string, { path }: { readonly path: string }): Readable {
    return Readable.from([Buffer.from(this.repository(workspace.id).get(id)?.files.get(path)?.content ?? '')]);
  }

  async snapshot(workspace: Workspace, id: string): Promise<StoredSnapshot | null> {
    if (this.down !== null) throw new Failure('storage_down', { why: this.down });
    return this.repository(workspace.id).get(id) ?? null;
  }

  async snapshots(workspace: Workspace): Promise<readonly StoredSnapshot[]> {
    return [...this.repository(workspace.id).values()];
  }

  async files(workspace: Workspace, id: string): Promise<readonly StoredFile[]> {
    return [...this.#kept(workspace.id, id).files].map(([path, file]) => ({
      path,
      sizeBytes: file.content.length,
      mtimeMs: file.mtimeMs,
    }));
  }

  async digests(workspace: Workspace, id: string, paths: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const { files } = this.#kept(workspace.id, id);
    return new Map(
      paths.flatMap((path) =>
        files.has(path) ? [[path, hash('sha256', `${files.get(path)?.content ?? ''}${this.rots ? '?' : ''}`)]] : [],
      ),
    );
  }

  async copyIn(workspace: Workspace, from: Workspace, id: string): Promise<string> {
    if (this.down !== null) throw new Failure('storage_down', { why: this.down });
    const mine = this.repository(workspace.id);
    const [done] = mine.keys();
    if (done !== undefined) return done;
    const copy = hash('sha256', `${workspace.sealedPassword} ${id}`);
    mine.set(copy, { ...this.#kept(from.id, id), id: copy });
    return copy;
  }

  async headStart(workspace: Workspace, id: string): Promise<Uint8Array> {
    if (this.down !== null) throw new Failure('storage_down', { why: this.down });
    return Buffer.from(this.#kept(workspace.id, id).id);
  }

  async rehost(workspace: Workspace, id: string): Promise<string> {
    if (this.down !== null) throw new Failure('storage_down', { why: this.down });
    const mine = this.repository(workspace.id);
    const done = [...mine.values()].find(({ host }) => host === workspace.id);
    if (done) return done.id;
    const kept = [...this.#repositories.values()].flatMap((all) => [...all.values()]).find((one) => one.id === id);
    if (!kept) throw new Failure('restore_failed', { why: 'the snapshot is not there' });
    const own = hash('sha256', `${workspace.id} ${id}`);
    mine.set(own, { ...kept, id: own, host: workspace.id });
    mine.delete(id);
    return own;
  }

  async forget(workspace: Workspace, ids: readonly string[]): Promise<void> {
    this.#alone(workspace.id);
    for (const id of ids) if (this.repository(workspace.id).delete(id)) this.forgotten.add(id);
  }

  dropUnused: Repositories['dropUnused'] = async () => {
    if (this.down !== null) throw new Failure('storage_down', { why: this.down });
  };

  compact: Repositories['compact'] = async (workspace) => {
    this.#alone(workspace.id);
    this.compacted.push(workspace.id);
  };

  async restoreHere(
    workspace: Workspace,
    id: string,
    { paths }: { readonly paths: readonly string[] },
  ): Promise<RestoredFiles> {
    if (this.down !== null) throw new Failure('storage_down', { why: this.down });
    return { digests: await this.digests(workspace, id, paths), bytes: 1, ms: 1_000 };
  }

  async check(): Promise<readonly string[]> {
    if (this.down !== null) throw new Failure('storage_down', { why: this.down });
    return this.damage;
  }

  async copyFrom(source: Storage, { key }: { readonly key: string }, { as }: { readonly as: string }): Promise<void> {
    if (this.down !== null) throw new Failure('storage_down', { why: this.down });
    if (!(source instanceof FakeStorage)) throw new Error('only from a fake');
    const [from, to] = [SNAPSHOT_NAME.exec(key), SNAPSHOT_NAME.exec(as)];
    const kept = source.repository(from?.[1] ?? '').get(from?.[2] ?? '');
    if (kept) this.repository(to?.[1] ?? '').set(kept.id, kept);
    else this.objects.set(as, source.objects.get(key) ?? new Uint8Array());
  }

  /** A machine's backup arrives. */
  keep(workspace: string, kept: Kept, machine: FakeMachine): void {
    this.repository(workspace).set(kept.id, kept);
    this.onKeep(workspace, kept, machine);
  }

  /** The snapshots of a workspace, by id. */
  repository(workspace: string): Map<string, Kept> {
    const found = this.#repositories.get(workspace) ?? new Map<string, Kept>();
    this.#repositories.set(workspace, found);
    return found;
  }

  /** As restic, which does not ask how old a lock is. */
  #alone(workspace: string): void {
    if (this.down !== null) throw new Failure('storage_down', { why: this.down });
    if ([...this.objects.keys()].some((key) => key.startsWith(`${workspace}/repo/locks/`)))
      throw new Failure('repository_locked', { workspace });
  }

  #kept(workspace: string, id: string): Kept {
    const kept = this.repository(workspace).get(id);
    if (!kept) throw new Failure('no_such_snapshot', { snapshot: id, workspace });
    return kept;
  }
}

const keyOf = (workspace: string, sealed: string): string => `${workspace}/repo/keys/${hash('sha256', sealed)}`;

const SNAPSHOT_NAME = /^(.+)\/repo\/snapshots\/(.+)$/;
