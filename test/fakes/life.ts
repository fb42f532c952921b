import { hash } from 'node:crypto';
import { type AtRiskOrder, type RunOrder, RunReply } from '../../engine/domain/agent-protocol.ts';
import type {
  Activity,
  AgentAnswer,
  AgentLine,
  AgentStatus,
  JobStatus,
  Taken,
  Ticket,
} from '../../engine/domain/heartbeat.ts';
import { contentHash } from '../../engine/policy/content-hash.ts';
import { manifestOf, packed } from './agent.ts';
import type { Line } from './line.ts';
import type { FakeMachine } from './machine.ts';
import type { FakeFile } from './storage.ts';

/** What people and programs do on a fake machine, as its agent measures it. Busy, until a test says otherwise. */
export interface Doing {
  gpuPercent: number | null;
  cpuPercent: number | null;
  typedAt: number | null;
}

/** The agent that lives on a fake machine: it backs up on plan and answers, whoever may be listening. */
export class Life {
  readonly jobs = new Map<string, JobStatus>();
  readonly notices: string[] = [];
  taken: Taken[] = [];
  durableAt: number | null = null;
  failures = 0;
  /** What it notes; those that the engine has are not said again. */
  lines: AgentLine[] = [];
  /** Of the last ticket that was used. */
  lastSequence = 0;
  readonly #machine: FakeMachine;
  readonly #startedAt: number;
  #order: RunOrder;
  #answer: AgentAnswer;
  #tickets: Ticket[] = [];
  #credentialsUntil: number | null = null;
  #backedUp: ReadonlyMap<string, FakeFile> | null = null;
  #parent: string | null = null;
  #voices = 0;
  #heardAt = 0;

  constructor(machine: FakeMachine, order: RunOrder) {
    this.#machine = machine;
    this.#startedAt = machine.clock.now();
    this.#order = order;
    this.#answer = order.answer;
    this.obey(order);
    this.#backUpLater();
  }

  /** What the engine last said, and when. */
  get heard(): { readonly order: RunOrder; readonly answer: AgentAnswer; readonly at: number } {
    return { order: this.#order, answer: this.#answer, at: this.#heardAt };
  }

  obey(order: RunOrder): void {
    this.#order = order;
    this.#hear(order.answer);
  }

  /** Talks over the streams until the connection ends or another one takes its place. */
  async talk(line: Line): Promise<void> {
    this.#voices += 1;
    const voice = this.#voices;
    const { clock } = this.#machine;
    while (voice === this.#voices) {
      line.emit({ event: 'status', status: this.status() });
      this.#hear(RunReply.parse(JSON.parse(await line.next())).answer);
      await clock.sleep(this.#answer.heartbeatMs, line.signal);
    }
  }

  status(): AgentStatus {
    const { clock, doing } = this.#machine;
    const reading = (value: number | null) => ({ value, lastAt: null, say: value === null ? 'cannot be read' : '' });
    const activity: Activity = {
      gpuPercent: { ...reading(doing.gpuPercent), absent: false },
      gpuMemoryMovedMb: reading(0),
      cpuPercent: reading(doing.cpuPercent),
      diskBytesPerSecond: reading(0),
      networkBytesPerSecond: reading(0),
      terminals: { ...reading(doing.typedAt === null ? 0 : 1), lastAt: doing.typedAt },
      editors: reading(0),
      jupyterKernelsBusy: reading(0),
    };
    return {
      protocol: this.#order.protocol,
      machine: this.#order.machine,
      workspace: this.#order.workspace,
      epoch: this.#order.epoch,
      program: null,
      startedAt: this.#startedAt,
      at: clock.now(),
      activity,
      backup: {
        state: this.failures > 0 ? 'failing' : 'waiting',
        everyMs: this.#answer.plan?.everyMs ?? 0,
        durableAt: this.durableAt,
        changedAt: this.#changed ? clock.now() : null,
        filesPending: 0,
        lastMs: null,
        failures: this.failures,
        failedWhy: this.failures > 0 ? 'storage does not answer' : null,
        watching: 'walks',
      },
      taken: [...this.taken],
      jobs: [...this.jobs.values()],
      atRisk: { files: 0, bytes: 0 },
      tickets: this.#tickets.length,
      credentialsUntil: this.#credentialsUntil,
      lines: this.lines,
    };
  }

  /** A save by the engine: what was there before it is older than it, and so are tickets from before. */
  outdate(sequence: number): void {
    this.lastSequence = Math.max(this.lastSequence, sequence);
    this.#tickets = this.#tickets.filter((ticket) => ticket.sequence > sequence);
  }

  end(id: string, code: number): void {
    const job = this.jobs.get(id);
    if (job) this.jobs.set(id, { ...job, state: 'ended', endedAt: this.#machine.clock.now(), code });
  }

  #hear(answer: AgentAnswer): void {
    this.#answer = answer;
    this.#heardAt = this.#machine.clock.now();
    this.lines = this.lines.filter(({ number }) => number > (answer.linesHeard ?? 0));
    this.#tickets.push(...answer.tickets.filter((ticket) => ticket.sequence > this.lastSequence));
    if (answer.repository) this.#credentialsUntil = answer.repository.credentials.expiresAt;
    this.taken = this.taken.filter(({ snapshot }) => !answer.settled.includes(snapshot));
    if (answer.notice && !this.notices.includes(answer.notice.text)) this.notices.push(answer.notice.text);
    for (const { id } of answer.jobs) {
      const startedAt = this.#machine.clock.now();
      const output = `/workspace/.dumont/runs/${id}/output.txt`;
      if (!this.jobs.has(id))
        this.jobs.set(id, { id, state: 'running', startedAt, endedAt: null, code: null, tail: '', output });
    }
  }

  #backUpLater(): void {
    const everyMs = this.#answer.plan?.everyMs ?? IDLE_MS;
    this.#machine.clock.after(everyMs, () => {
      if (this.#machine.destroyed || this.#machine.life !== this) return;
      this.#backUp();
      this.#backUpLater();
    });
  }

  get #changed(): boolean {
    const { files } = this.#machine;
    const before = this.#backedUp;
    return (
      before === null || before.size !== files.size || [...files].some(([path, file]) => before.get(path) !== file)
    );
  }

  #backUp(): void {
    const machine = this.#machine;
    const { storage, clock } = machine;
    if (!machine.alive || machine.saving || machine.frozen || !machine.usable || !this.#answer.plan) return;
    if (!this.#changed) return;
    if (storage.down !== null) {
      this.failures += 1;
      return;
    }
    const ticket = this.#tickets.shift();
    if (!ticket) return;
    this.lastSequence = ticket.sequence;
    const files = new Map(machine.files);
    const { workspace, machine: name, epoch } = this.#order;
    const lines = manifestOf(files);
    const time = clock.now();
    const tags = [`machine=${name}`, `epoch=${epoch}`, `draft=${ticket.draft}`];
    const id = hash('sha256', `${workspace} ${machine.instance} ${tags.join()} ${time}`);
    const backup = {
      snapshot: id,
      parent: this.#parent,
      sequence: ticket.sequence,
      draft: ticket.draft,
      epoch,
      time,
      endedAt: time,
      contentHash: contentHash(lines),
      files: lines.length,
      bytes: 0,
      partial: !machine.complete || machine.atRisk.some(({ kind }) => kind === 'unlisted'),
      atRisk: [...machine.atRisk],
    };
    const manifest = packed(lines, backup);
    storage.keep(workspace, { id, time, host: workspace, tags, files, whole: machine.complete }, machine);
    storage.objects.set(storage.keyOf(ticket.manifestUrl), manifest);
    this.taken.push({ ...backup, manifestSha256: hash('sha256', manifest), manifestBase: null });
    this.#parent = id;
    this.#backedUp = files;
    this.durableAt = time;
    this.failures = 0;
  }
}

/** Without a plan it looks again after this long. */
const IDLE_MS = 60_000;

export async function run(machine: FakeMachine, order: RunOrder, line: Line): Promise<void> {
  const already = machine.life !== null;
  machine.life?.obey(order);
  machine.life ??= new Life(machine, order);
  line.emit({ event: 'living', pid: 1, program: null, startedAt: machine.clock.now(), already });
  if (order.heartbeat.url === null) await machine.life.talk(line);
}

export function lookForRisk(machine: FakeMachine, _order: AtRiskOrder, line: Line): void {
  const pending = { files: machine.touched.size, bytes: 0, newest: [...machine.touched.keys()] };
  const durableAt = machine.life?.durableAt ?? null;
  line.emit({ event: 'at_risk', files: [...machine.atRisk], excluded: [], repositories: [], pending, durableAt });
}
