import { type AgentOrder, BOOT, type RestoreOrder } from '../../engine/domain/agent-protocol.ts';
import type { AtRisk } from '../../engine/domain/agent-shapes.ts';
import { Failure } from '../../engine/domain/failures.ts';
import type { Offer } from '../../engine/domain/marketplace.ts';
import type { Output, Shell } from '../../engine/domain/ports.ts';
import { bringBack, ready, restore, save, weigh } from './agent.ts';
import type { FakeClock } from './clock.ts';
import { type Doing, type Life, run as live, lookForRisk } from './life.ts';
import { type Line, overLine } from './line.ts';
import type { FakeFile, FakeStorage, Files } from './storage.ts';

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
  readonly clock: FakeClock;
  readonly storage: FakeStorage;
  manners: Manners;
  /** Started again in place: boot times count from here. */
  bootedAt: number;
  stopped = false;
  vanished = false;
  destroyed = false;
  /** It was in no list when it ended. */
  endedUnseen = false;
  /** Listed, and silent. */
  unreachable = false;
  /** Its tools do not arrive until the boot script is run again. */
  toolsFail = false;
  /** Not in the lists, and yet it answers. */
  unlisted = false;
  /** The agent is killed when it hears that everything stays stopped, and all goes on. */
  agentDies = false;
  /** What the next backups leave out. */
  atRisk: readonly AtRisk[] = [];
  /** What people do on it. */
  #doing: Doing = { gpuPercent: 50, cpuPercent: 50, typedAt: null };
  /** Since when they do it. */
  doingSince = 0;
  /** The agent that lives on it; null until it was told to. */
  life: Life | null = null;
  /** The user's processes stand still. */
  frozen = false;
  /** The order after which its processes stay stopped. */
  keptFor = 0;
  /** A backup runs; a second one would be refused. */
  saving = false;
  usableAt: number | null = null;
  /** Somebody could work on it before it was started again. */
  wasUsable = false;
  completeAt: number | null = null;
  claim: { epoch: number; workspace: string } | null = null;
  /** The restore that it was given last. */
  job: string | null = null;
  /** What somebody changed here: the new content, or null for a file that was erased. */
  readonly touched = new Map<string, string | null>();
  readonly #files = new Map<string, FakeFile>();
  #arriving: Files | null = null;
  readonly #placed = new Map<string, FakeFile>();

  constructor(instance: string, label: string, offer: Offer, manners: Manners, clock: FakeClock, storage: FakeStorage) {
    this.instance = instance;
    this.label = label;
    this.offer = offer;
    this.manners = manners;
    this.clock = clock;
    this.storage = storage;
    this.createdAt = clock.now();
    this.bootedAt = this.createdAt;
  }

  get doing(): Doing {
    return this.#doing;
  }

  set doing(doing: Doing) {
    this.#doing = doing;
    this.doingSince = this.clock.now();
  }

  get alive(): boolean {
    return !this.destroyed && !this.vanished && !this.stopped && !this.exited;
  }

  get exited(): boolean {
    return (
      this.manners.exitsAtMs !== null &&
      this.claim === null &&
      this.clock.now() >= this.bootedAt + this.manners.exitsAtMs
    );
  }

  get answersSsh(): boolean {
    return this.alive && !this.unreachable && this.clock.now() >= this.bootedAt + this.manners.sshAfterMs;
  }

  get usable(): boolean {
    return this.alive && this.usableAt !== null && this.clock.now() >= this.usableAt;
  }

  get everUsable(): boolean {
    return this.wasUsable || (this.usableAt !== null && this.clock.now() >= this.usableAt);
  }

  get complete(): boolean {
    return this.completeAt !== null && this.clock.now() >= this.completeAt;
  }

  /** What lies on its disk now. */
  get files(): Map<string, FakeFile> {
    if (this.#arriving && this.#arrive(this.#arriving)) this.#arriving = null;
    return this.#files;
  }

  /** Somebody works on it, if it lets them. */
  write(path: string, content: string): boolean {
    if (!this.usable || this.frozen) return false;
    this.files.set(path, { content, mtimeMs: this.clock.now() });
    this.touched.set(path, content);
    return true;
  }

  erase(path: string): boolean {
    if (!this.usable || !this.complete || this.frozen || !this.files.delete(path)) return false;
    this.touched.set(path, null);
    return true;
  }

  /** Started again in place: its files are there, and whoever knows the way can work as soon as SSH answers. */
  restart(manners: Manners): void {
    this.wasUsable = this.everUsable;
    this.stopped = false;
    this.frozen = false;
    this.life = null;
    this.manners = manners;
    this.bootedAt = this.clock.now();
    if (this.usableAt !== null) this.usableAt = this.bootedAt + manners.sshAfterMs;
  }

  /** Starts to bring the files of a snapshot. It belongs to the machine and goes on without the one who ordered it. */
  begin(order: RestoreOrder, files: Files | null): void {
    const now = this.clock.now();
    this.job = order.job;
    this.claim = { epoch: order.epoch, workspace: order.workspace };
    this.#arriving = files;
    this.usableAt = now + this.manners.usableMs;
    this.completeAt = now + Math.max(this.manners.usableMs, files ? this.manners.completeMs : 0);
  }

  async shell(): Promise<Shell> {
    const run: Shell['run'] = async (...call) => {
      const program = (line: Line): Promise<Output> => this.#program(call[0].argv, call[0].stdin, line);
      const output = overLine(() => this.answersSsh, this.clock, call, program);
      output.catch(() => undefined);
      return await output;
    };
    return {
      hostKey: `SHA256:${this.instance}`,
      run,
      upload: async () => undefined,
      forward: async () => {
        throw new Failure('forwarding_refused', { why: 'fake machines are heard over their streams' });
      },
      lost: new AbortController().signal,
      async [Symbol.asyncDispose]() {},
    };
  }

  async #program(argv: readonly string[], stdin: string | undefined, line: Line): Promise<Output> {
    if (argv[0] === 'sh') this.toolsFail = false;
    if (argv[0] === 'tail' && this.toolsFail && this.#booted)
      return { code: 1, stdout: `==> ${BOOT.failed} <==\nthe address of node has ended\n`, stderr: '' };
    if (argv[0] === 'tail')
      return { code: 1, stdout: this.#booted ? `==> ${BOOT.done} <==\nall tools are there\n` : '', stderr: '' };
    if (argv[0] === 'du') {
      const share = (this.clock.now() - this.bootedAt) / (this.manners.sshAfterMs + this.manners.toolsMs);
      return { code: 0, stdout: `${Math.floor(150_000 * Math.min(1, share))}\t${argv.at(-1)}\n`, stderr: '' };
    }
    if (argv[0] === 'sha256sum') return { code: 0, stdout: this.#sums(argv.slice(1)), stderr: '' };
    if (argv[0] === 'cat') {
      return this.claim
        ? { code: 0, stdout: JSON.stringify(this.claim), stderr: '' }
        : { code: 1, stdout: '', stderr: 'cat: No such file or directory' };
    }
    const order = JSON.parse(stdin ?? 'null') as AgentOrder | null;
    if (order?.verb === 'ready') ready(this, line);
    if (order?.verb === 'restore') await restore(this, order, line);
    if (order?.verb === 'bring-back') bringBack(this, order, line);
    if (order?.verb === 'weigh') weigh(this, order, line);
    if (order?.verb === 'save') await save(this, order, line);
    if (order?.verb === 'run') await live(this, order, line);
    if (order?.verb === 'at-risk') lookForRisk(this, order, line);
    return { code: 0, stdout: '', stderr: '' };
  }

  get #booted(): boolean {
    return this.clock.now() >= this.bootedAt + this.manners.sshAfterMs + this.manners.toolsMs;
  }

  #sums(paths: readonly string[]): string {
    return paths.map((path) => `${TOOL_SHA256}  ${path}\n`).join('');
  }

  /** Half of the files are the critical ones. What is not as a restore left it is somebody's: it stays, and the snapshot's copy lies beside it. */
  #arrive(files: Files): boolean {
    if (!this.usable) return false;
    const paths = [...files.keys()].slice(0, this.complete ? files.size : Math.ceil(files.size / 2));
    for (const path of paths) {
      const here = this.#files.get(path);
      const kept = files.get(path) as FakeFile;
      if (here === kept || this.#placed.get(path) === kept) continue;
      this.#files.set(here && here !== this.#placed.get(path) ? `${path}.from-snapshot` : path, kept);
      this.#placed.set(path, kept);
    }
    return this.complete;
  }
}

export const TOOL_SHA256 = 'a'.repeat(64);
