import { hash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type {
  AgentEvent,
  AgentOrder,
  AtRisk,
  ManifestLine,
  RestoreOrder,
  SaveOrder,
} from '../../engine/domain/agent-protocol.ts';
import { SaveReply } from '../../engine/domain/agent-protocol.ts';
import { Failure } from '../../engine/domain/failures.ts';
import type { Offer } from '../../engine/domain/marketplace.ts';
import type { Clock, Command, Output, Shell } from '../../engine/domain/ports.ts';
import { contentHash } from '../../engine/policy/content-hash.ts';
import type { FakeFile, FakeStorage } from './storage.ts';

/** How one machine behaves. Times in milliseconds from its creation or from the call. */
export interface Manners {
  readonly loadingMs: number;
  readonly sshAfterMs: number;
  readonly toolsMs: number;
  readonly usableMs: number;
  readonly completeMs: number;
  readonly saveMs: number;
  readonly gpuDead: boolean;
  /** The container ends by itself while it boots. */
  readonly exitsAtMs: number | null;
}

export const PROMPT: Manners = {
  loadingMs: 8_000,
  sshAfterMs: 10_000,
  toolsMs: 2_000,
  usableMs: 1_500,
  completeMs: 6_000,
  saveMs: 4_000,
  gpuDead: false,
  exitsAtMs: null,
};

/** A rented machine with files, processes and an agent. It goes on living when an engine is killed. */
export class FakeMachine {
  readonly instance: string;
  readonly label: string;
  readonly offer: Offer;
  readonly createdAt: number;
  readonly files = new Map<string, FakeFile>();
  manners: Manners;
  /** Started again in place: boot times count from here. */
  bootedAt: number;
  stopped = false;
  vanished = false;
  destroyed = false;
  /** Listed, and silent. */
  unreachable = false;
  /** What the next backups leave out. */
  atRisk: readonly AtRisk[] = [];
  /** The user's processes stand still. */
  frozen = false;
  usableAt: number | null = null;
  completeAt: number | null = null;
  claim: { epoch: number; workspace: string } | null = null;
  job: string | null = null;
  /** How often somebody wrote here: compared with what was saved. */
  writes = 0;
  readonly #clock: Clock;
  readonly #storage: FakeStorage;
  #saving = false;

  constructor(instance: string, label: string, offer: Offer, manners: Manners, clock: Clock, storage: FakeStorage) {
    this.instance = instance;
    this.label = label;
    this.offer = offer;
    this.manners = manners;
    this.#clock = clock;
    this.#storage = storage;
    this.createdAt = clock.now();
    this.bootedAt = this.createdAt;
  }

  get alive(): boolean {
    return !this.destroyed && !this.vanished && !this.stopped && !this.exited;
  }

  get exited(): boolean {
    return this.manners.exitsAtMs !== null && this.#clock.now() >= this.bootedAt + this.manners.exitsAtMs;
  }

  get answersSsh(): boolean {
    return this.alive && !this.unreachable && this.#clock.now() >= this.bootedAt + this.manners.sshAfterMs;
  }

  /** Somebody works on it, if it lets them. */
  write(path: string, content: string): boolean {
    if (!this.alive || this.frozen || this.usableAt === null) return false;
    this.files.set(path, { content, mtimeMs: this.#clock.now() });
    this.writes += 1;
    return true;
  }

  async shell(): Promise<Shell> {
    const run: Shell['run'] = async (command, signal, onLine = () => undefined) => {
      const output = this.#run(command, signal, onLine);
      output.catch(() => undefined);
      return await output;
    };
    return { hostKey: `SHA256:${this.instance}`, run, upload: async () => undefined, async [Symbol.asyncDispose]() {} };
  }

  async #run(command: Command, signal: AbortSignal, onLine: NonNullable<Parameters<Shell['run']>[2]>): Promise<Output> {
    this.#mustAnswer();
    if (command.argv[0] === 'sha256sum') return { code: 0, stdout: this.#sums(command.argv.slice(1)), stderr: '' };
    if (command.argv[0] === 'cat') {
      return this.claim
        ? { code: 0, stdout: JSON.stringify(this.claim), stderr: '' }
        : { code: 1, stdout: '', stderr: 'cat: No such file or directory' };
    }
    const order = JSON.parse(command.stdin ?? 'null') as AgentOrder | null;
    const inbox = new Inbox();
    const emit = (event: AgentEvent): void => {
      this.#mustAnswer();
      onLine(JSON.stringify(event), (line) => inbox.give(line));
    };
    if (order?.verb === 'ready') this.#ready(emit);
    if (order?.verb === 'restore') await this.#restore(order, emit, signal);
    if (order?.verb === 'save') await this.#save(order, emit, inbox, signal);
    return { code: 0, stdout: '', stderr: '' };
  }

  #mustAnswer(): void {
    if (!this.answersSsh) throw new Failure('ssh_lost', { why: 'the machine is silent' });
  }

  #sums(paths: readonly string[]): string {
    if (this.#clock.now() < this.bootedAt + this.manners.sshAfterMs + this.manners.toolsMs) return '';
    return paths.map((path) => `${TOOL_SHA256}  ${path}\n`).join('');
  }

  #ready(emit: (event: AgentEvent) => void): void {
    const gpu = this.manners.gpuDead ? 'no GPU initialises' : '1 GPU initialises';
    emit({ event: 'ready', checks: [{ name: 'gpu', ok: !this.manners.gpuDead, say: gpu }] });
  }

  async #restore(order: RestoreOrder, emit: (event: AgentEvent) => void, signal: AbortSignal): Promise<void> {
    if (this.job !== order.job) {
      this.job = order.job;
      this.claim = { epoch: order.epoch, workspace: order.workspace };
      const kept = order.snapshot && this.#storage.repository(order.workspace).get(order.snapshot.id);
      if (order.snapshot && !kept)
        return emit({ event: 'failed', code: 'restore_failed', why: 'the snapshot is not there' });
      this.files.clear();
      for (const [path, file] of kept?.files ?? []) this.files.set(path, file);
      this.usableAt = this.#clock.now() + this.manners.usableMs;
      this.completeAt = this.#clock.now() + (kept ? this.manners.completeMs : this.manners.usableMs);
    }
    const counted = { files: this.files.size, bytes: 0 };
    await this.#clock.sleep((this.usableAt ?? 0) - this.#clock.now(), signal);
    emit({ event: 'usable', ...counted });
    await this.#clock.sleep((this.completeAt ?? 0) - this.#clock.now(), signal);
    emit({ event: 'complete', ...counted, contentHash: contentHash(this.#manifest()) });
  }

  async #save(order: SaveOrder, emit: (event: AgentEvent) => void, inbox: Inbox, signal: AbortSignal): Promise<void> {
    if (this.#saving) return emit({ event: 'failed', code: 'repository_locked', why: 'another backup is running' });
    this.#saving = true;
    const last = order.mode === 'last';
    let keep = false;
    try {
      if (last) this.frozen = true;
      const lines = this.#manifest();
      const files = new Map(this.files);
      const manifest = gzipSync(lines.map((line) => `${JSON.stringify(line)}\n`).join(''), { level: 1 });
      await this.#clock.sleep(this.manners.saveMs, signal);
      this.#mustAnswer();
      const common = {
        parent: order.parent,
        contentHash: contentHash(lines),
        files: lines.length,
        bytes: 0,
        partial: this.#clock.now() < (this.completeAt ?? 0),
        atRisk: [...this.atRisk],
        newest: [],
        manifestSha256: hash('sha256', manifest),
        epoch: this.claim?.epoch ?? 0,
      };
      if (this.claim === null) emit({ event: 'saved', snapshot: null, ...common });
      else {
        const id = hash('sha256', `${order.workspace} ${this.instance} ${order.tags.join()} ${order.time}`);
        this.#storage
          .repository(order.workspace)
          .set(id, { id, time: order.time, host: order.workspace, tags: order.tags, files });
        this.#storage.objects.set(this.#storage.keyOf(order.manifestUrl), manifest);
        emit({ event: 'saved', snapshot: id, ...common });
      }
      for (;;) {
        const reply = SaveReply.parse(JSON.parse(await inbox.next(signal)));
        if (reply.say === 'verdict') {
          keep = last && reply.processes === 'keep-stopped';
          return;
        }
        emit({ event: 'digests', sha256: Object.fromEntries(reply.paths.map((path) => [path, this.#digest(path)])) });
      }
    } finally {
      this.#saving = false;
      if (last) this.frozen = keep;
    }
  }

  #digest(path: string): string | null {
    const file = this.files.get(path);
    return file ? hash('sha256', file.content) : null;
  }

  #manifest(): ManifestLine[] {
    return [...this.files].map(([path, file]) => ({
      path,
      type: 'file' as const,
      mode: 0o644,
      mtimeMs: file.mtimeMs,
      sizeBytes: file.content.length,
      sha256: hash('sha256', file.content),
    }));
  }
}

export const TOOL_SHA256 = 'a'.repeat(64);

/** Lines said to a program on its standard input. */
class Inbox {
  readonly #lines: string[] = [];
  #waiting: ((line: string) => void) | null = null;

  give(line: string): void {
    if (this.#waiting) this.#waiting(line);
    else this.#lines.push(line);
    this.#waiting = null;
  }

  next(signal: AbortSignal): Promise<string> {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      this.#waiting = resolve;
    });
  }
}
