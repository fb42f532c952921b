import assert from 'node:assert/strict';
import type { AgentEvent, SaveOrder } from '../domain/agent-protocol.ts';
import type { AtRisk } from '../domain/agent-shapes.ts';
import { Failure, isFailure, reasonOf } from '../domain/failures.ts';
import { draftManifestKey } from '../domain/layout.ts';
import type { Machine } from '../domain/lifecycle.ts';
import type { Ports, Shell } from '../domain/ports.ts';
import { newestGood } from '../domain/snapshot.ts';
import { type Ask, type Workspace, yieldsNow } from '../domain/workspace.ts';
import { agentCommand, failureOf, readAgentEvent, sayToAgent } from '../remote/agent-command.ts';
import { orderBase, repositoryAccess } from './access.ts';
import { type Digests, prove } from './proof.ts';
import { type Note, workspaceOf } from './step.ts';
import { update } from './update.ts';

export interface Saved {
  /** Null: the machine held no work. */
  readonly snapshot: string | null;
  /** The user's processes stand still, and stay so until the machine ends. */
  readonly stopped: boolean;
}

export type SaveEvent = Extract<AgentEvent, { event: 'saved' }>;

type How = { readonly mode: 'last' } | { readonly mode: 'live'; readonly ask: Ask };

/**
 * One backup from order to proof. The agent keeps the user's processes stopped while the control host asks it for the
 * hashes of files of our choosing and compares them with what storage gives back; then it hears the verdict. A broken
 * connection is the verdict `continue`.
 */
export async function converse(...asked: Parameters<typeof once>): Promise<Saved> {
  const [, machine, , how, { underway }] = asked;
  const id = askerOf(how, machine);
  for (let tries = 1; ; tries += 1) {
    try {
      underway.set(id, 'RUNNING');
      return await once(...asked);
    } catch (cause) {
      // The machine backed up by itself after this order had its number.
      if (!isFailure(cause, 'order_outdated') || tries === TRIES) throw cause;
    } finally {
      underway.delete(id);
    }
  }
}

/** An operation, or for a last one the machine. */
const askerOf = (how: How, machine: Machine): string => (how.mode === 'live' ? how.ask.operation : machine.id);

const TRIES = 3;

async function once(
  shell: Shell,
  machine: Machine,
  workspace: Workspace,
  how: How,
  ports: Ports,
  signal: AbortSignal,
  note: Note,
): Promise<Saved> {
  const { order, sequence } = await orderOf(machine, workspace, how, ports);
  await note({}); // whoever took this machine over has written its row since, and then this fails
  const answers = new Answers();
  const failed = new AbortController();
  let result: Saved | null = null;
  let told = '' as 'keep-stopped' | 'continue' | '';
  let keptStopped = false;
  let judging: Promise<void> = Promise.resolve();

  const judge = async (event: SaveEvent, say: (line: string) => void): Promise<void> => {
    const judged = new AbortController();
    const ask: Digests = async (paths) => {
      say(sayToAgent({ say: 'challenge', paths: [...paths] }));
      const digests = await answers.next();
      keepTalking(say, ports, judged.signal);
      return digests;
    };
    try {
      // Read once for the catalogue and for the verdict, or a wake would not start from what was destroyed on this word.
      const { agreedToLose } = ((await workspaceOf(machine, ports)) ?? workspace).wish;
      const left = how.mode === 'last' ? event.atRisk.filter(({ path }) => !agreedToLose.includes(path)) : [];
      const agreed = how.mode === 'last' && left.length === 0;
      // Only its disk can have forgotten: it was made new, or somebody tidied up. What else is gone from it we cannot know.
      if (event.snapshot === null && how.mode === 'last' && machine.epoch !== null)
        throw new Failure('proof_failed', { why: `it says that it holds no work, and it was given ${workspace.id}` });
      if (event.snapshot !== null)
        await prove({ machine, workspace, event, how, order, sequence, agreed }, ask, ports, signal);
      const current = await workspaceOf(machine, ports);
      if (how.mode === 'last' && event.snapshot !== null) {
        holdForRisk(left, workspace.id);
        if (event.partial && !machine.complete && current?.claim?.machine === machine.id)
          throw new Failure('backup_failed', { why: 'its own files have not all arrived yet' });
      }
      const staysHere =
        current?.wish.want === 'awake' && current.claim?.machine === machine.id && !yieldsNow(machine, current);
      const stopped = how.mode === 'last' && !staysHere;
      told = stopped ? 'keep-stopped' : 'continue';
      say(sayToAgent({ say: 'verdict', processes: told }));
      result = { snapshot: event.snapshot, stopped };
    } catch (cause) {
      say(sayToAgent({ say: 'verdict', processes: 'continue' }));
      failed.abort(cause);
    } finally {
      judged.abort();
    }
  };

  const command = agentCommand(order, ports.settings.save.timeoutMs);
  const output = await shell
    .run(command, AbortSignal.any([signal, failed.signal]), (line, say) => {
      const event = readAgentEvent(line);
      if (event?.event === 'failed') throw failureOf(event, workspace.id);
      if (event?.event === 'progress') {
        ports.tell({
          event: 'save.progress',
          workspace: workspace.id,
          machine: machine.id,
          bytesDone: event.bytesDone,
          bytesTotal: event.bytesTotal,
        });
      }
      if (event?.event === 'digests') answers.give(new Map(Object.entries(event.sha256)));
      if (event?.event === 'image_written') tellImage(event, machine, ports);
      if (event?.event === 'kept_stopped') keptStopped = true;
      if (event?.event === 'saved') {
        ports.underway.set(askerOf(how, machine), 'VALIDATING');
        judging = judge(event, say);
      }
    })
    .catch((cause: unknown) => {
      answers.end(cause);
      if (failed.signal.aborted) throw failed.signal.reason;
      if (told === 'keep-stopped') throw new Failure('verdict_unheard', { why: reasonOf(cause) }, { cause });
      throw cause;
    });
  answers.end(new Failure('backup_failed', { why: 'the agent ended before it answered' }));
  await judging;
  if (failed.signal.aborted) throw failed.signal.reason;
  // An agent that died after the proof let everybody go on: what they do now is in no backup.
  if (told === 'keep-stopped' && !(keptStopped && output.code === 0))
    throw new Failure('verdict_unheard', { why: output.stderr.trim() || `the agent ended with ${output.code}` });
  if (!result)
    throw new Failure('backup_failed', { why: output.stderr.trim() || `the agent ended with ${output.code}` });
  return result;
}

/**
 * To read a large file back takes longer than the quarter of an hour after which a machine that hears nothing lets people
 * work on. A question about no file tells it that somebody still looks; nobody waits for the answer.
 */
function keepTalking(say: (line: string) => void, { clock }: Pick<Ports, 'clock'>, signal: AbortSignal): void {
  const talk = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(STILL_MS, signal);
      say(sayToAgent({ say: 'challenge', paths: [] }));
    }
  };
  talk().catch(() => undefined); // it was judged, or nobody is there any more
}

const STILL_MS = 5 * 60_000;

function tellImage(
  { image, why }: Extract<AgentEvent, { event: 'image_written' }>,
  { id, workspace }: Machine,
  { tell }: Ports,
): void {
  tell({
    event: 'image.written',
    workspace,
    machine: id,
    bytes: image?.bytes ?? 0,
    bytesSent: image?.bytesSent ?? 0,
    why,
  });
}

/** Its place in the catalogue is taken before the machine looks at the first file, so that what was seen later counts as later. */
async function orderOf(
  machine: Machine,
  workspace: Workspace,
  how: How,
  ports: Ports,
): Promise<{ order: SaveOrder; sequence: number }> {
  const { settings, storage, clock } = ports;
  const { spec } = workspace;
  const snapshots = (await ports.store.list('snapshots')).filter((snapshot) => snapshot.workspace === workspace.id);
  const mine = snapshots
    .filter((snapshot) => snapshot.machine === machine.id)
    .toSorted((a, b) => b.sequence - a.sequence)[0];
  const draft = ports.newId('draft');
  const counted = await update(ports.store, 'workspaces', workspace.id, (row) => ({
    ...row,
    sequence: row.sequence + 1,
  }));
  const sequence = counted?.sequence ?? 0;
  const order: SaveOrder = {
    ...orderBase(machine),
    verb: 'save',
    mode: how.mode,
    epoch: machine.epoch ?? 0,
    sequence,
    repository: await repositoryAccess(workspace, ports),
    full: how.mode === 'live' && how.ask.type === 'FULL',
    parent: mine?.id ?? machine.restored ?? newestGood(snapshots)?.id ?? null,
    time: clock.now(),
    tags: [`machine=${machine.id}`, `epoch=${machine.epoch ?? 0}`, `draft=${draft}`],
    include: [...spec.include],
    exclude: [...spec.exclude],
    fileBytesMax: spec.fileBytesMax,
    rounds: settings.save.rounds,
    imageMs: how.mode === 'last' && spec.wakeImage ? settings.save.imageMs : 0,
    manifestUrl: await storage.presign(
      'PUT',
      draftManifestKey(workspace.id, machine.id, draft),
      settings.save.credentialsMs,
    ),
  };
  return { order, sequence };
}

/** What a backup leaves out and cannot be remade holds the machine until a person agrees, once. */
function holdForRisk(atRisk: readonly AtRisk[], workspace: string): void {
  if (atRisk.length === 0) return;
  const shown = atRisk.slice(0, 3).map((risk) => `${risk.path} (${risk.why})`);
  const more = atRisk.length > shown.length ? ` and ${atRisk.length - shown.length} more` : '';
  throw new Failure('work_at_risk', {
    workspace,
    why: `not in the backup: ${shown.join(', ')}${more}`,
    paths: atRisk.map((risk) => risk.path),
  });
}

/** Hands each answer of the agent to the question that waits for it. */
class Answers {
  #waiting: PromiseWithResolvers<ReadonlyMap<string, string | null>> | null = null;
  #ended: unknown = null;

  next(): Promise<ReadonlyMap<string, string | null>> {
    assert(this.#waiting === null, 'one question at a time');
    this.#waiting = Promise.withResolvers();
    if (this.#ended) this.#waiting.reject(this.#ended);
    return this.#waiting.promise;
  }

  give(digests: ReadonlyMap<string, string | null>): void {
    this.#waiting?.resolve(digests);
    this.#waiting = null;
  }

  end(why: unknown): void {
    this.#ended = why instanceof Error ? why : new Error(reasonOf(why));
    this.#waiting?.promise.catch(() => undefined);
    this.#waiting?.reject(this.#ended);
    this.#waiting = null;
  }
}
