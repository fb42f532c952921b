import type { Duplex, Readable } from 'node:stream';
import type { Account, LinkCode, Session, Token } from './account.ts';
import type { Alert } from './alert.ts';
import type { Bill, StorageBill } from './bill.ts';
import type { Budget } from './budget.ts';
import type { Confirmation, DiscordHeard, GatewaySession, Guild, Panel } from './discord.ts';
import type { Verdict } from './doors.ts';
import type { Talk } from './events.ts';
import type { AgentAnswer, AgentStatus, EndCall, EndItself } from './heartbeat.ts';
import type { Journals } from './journals.ts';
import type { Machine } from './lifecycle.ts';
import type { Level, LogLine, PlacedLine } from './log.ts';
import type { Address, Billed, Listed, Need, Offer, Order, PriceIncrease, Terms } from './marketplace.ts';
import type { MicroDollars } from './money.ts';
import type { Operation } from './operation.ts';
import type { Race } from './race.ts';
import type { Report } from './report.ts';
import type { Settings } from './settings.ts';
import type { Snapshot } from './snapshot.ts';
import type { Upkeep } from './upkeep.ts';
import type { Workspace } from './workspace.ts';

/** Everything outside the engine, on one page. Fakes, local implementations and real services pass the same contract suites. */
export interface Ports {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly random: () => number;
  readonly newId: (prefix: string) => string;
  readonly store: Store;
  readonly journals: Journals;
  readonly marketplaces: ReadonlyMap<string, Marketplace>;
  readonly connect: Connect;
  readonly storage: Storage;
  readonly repositories: Repositories;
  /** Wraps what must lie nowhere in the clear, with the installation's master key. */
  readonly seal: (plain: string) => string;
  /** Rejects with `wrong_password` what another key sealed. */
  readonly unseal: (sealed: string) => string;
  /** Where copies of everything go that no machine can reach; the first one counts, the others are besides. */
  readonly vaults: readonly Vault[];
  readonly kit: () => Promise<Kit>;
  /** The engine's own SSH key, in one line, allowed in on every machine. */
  readonly publicKey: string;
  readonly heartbeats: Heartbeats;
  /** Backups that this engine takes at this moment, by what asked for them. In memory alone: a crash ends them all. */
  readonly underway: Map<string, 'RUNNING' | 'VALIDATING'>;
  readonly bell: Bell;
  readonly fence: Fence;
  readonly log: Log;
  readonly logs: WorkspaceLogs;
  /** Tells people; also kept in the journal, so that what was said can be compared with what happened. */
  readonly tell: (talk: Talk) => void;
}

export interface Clock {
  now(): number;
  /** Rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** One JSON line per event: a past-tense name and its facts. */
export type Log = (event: string, facts?: Readonly<Record<string, unknown>>, level?: Level) => void;

/** What happened to each workspace, a file for each UTC day, of bounded size. */
export interface WorkspaceLogs {
  /** Returns at once; a line that cannot be kept is lost. */
  note(workspace: string, line: LogLine): void;
  /** Days that something is kept of, the newest first. */
  days(workspace: string): Promise<readonly string[]>;
  /** The lines of that day that begin at this byte or behind it, oldest first. */
  read(workspace: string, day: string, from: number): Promise<readonly PlacedLine[]>;
}

/** A hint that something changed. Whoever waits looks at the facts again; a lost ring costs time, never correctness. */
export interface Bell {
  ring(name: string): void;
  /** Listens from now on, so that a ring between looking and waiting is not missed. */
  listen(name: string): Ear;
}

export interface Ear extends Disposable {
  /** Returns at the next ring since the last call, or after `ms`. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** Rows that change state. Losing one would lose a machine or somebody's work, so a save that returned is on disk. */
export interface Store {
  read<K extends Kind>(kind: K, id: string): Promise<Rows[K] | null>;
  list<K extends Kind>(kind: K): Promise<readonly Rows[K][]>;
  /**
   * Writes the row if its version is still the one stored (0: it does not exist yet) and returns it with the next version.
   * Otherwise rejects with `Failure('row_changed')` and writes nothing. A proved snapshot of an older epoch than its workspace
   * has at that moment is refused with `Failure('fenced')` unless it enters as pre-failover.
   */
  save<K extends Kind>(kind: K, row: Rows[K]): Promise<Rows[K]>;
  remove<K extends Kind>(kind: K, row: Rows[K]): Promise<void>;
  /**
   * Gives the workspace to this machine under a new, higher epoch; the epoch it already has when the machine holds the
   * claim; or null when another machine holds it.
   */
  claim(workspace: string, machine: string, now: number): Promise<number | null>;
  /** Ends the claim if this machine still holds it. */
  unclaim(workspace: string, machine: string): Promise<void>;
  /** Takes or renews the lease on a name until `now + ms`; false when another holder's lease still runs. */
  lease(name: string, holder: string, now: number, ms: number): Promise<boolean>;
  unlease(name: string, holder: string): Promise<void>;
}

export interface Rows {
  workspaces: Workspace;
  machines: Machine;
  races: Race;
  snapshots: Snapshot;
  operations: Operation;
  accounts: Account;
  sessions: Session;
  tokens: Token;
  'link-codes': LinkCode;
  upkeep: Upkeep;
  alerts: Alert;
  bills: Bill;
  budgets: Budget;
  reports: Report;
  'storage-bills': StorageBill;
  guilds: Guild;
  panels: Panel;
  confirmations: Confirmation;
  'gateway-sessions': GatewaySession;
  'discord-heard': DiscordHeard;
}
export type Kind = keyof Rows;

/** Asked right before money is spent or a machine destroyed: is this engine still the one that may act for it? */
export interface Fence {
  /** Rejects with `Failure('fenced')` when the lease on the machine is not ours any more. */
  check(machine: string, signal: AbortSignal): Promise<void>;
}

export interface Marketplace {
  readonly name: string;
  /** It can stop a machine in place and start it again. */
  readonly pauses: boolean;
  /** Missing where machines may be rented as fast as one likes, and pull nothing that costs. */
  readonly terms?: Terms;
  /** `browsing`: nobody's machine waits for it, so where searches are counted those of races go first. */
  offers(need: Need, signal: AbortSignal, how?: { readonly browsing: boolean }): Promise<readonly Offer[]>;
  /**
   * Asks for one machine, once. `depart` is awaited right before the request leaves, after any rate limit, and may forbid it.
   * `Failure('offer_taken' | 'no_credit' | 'spend_limit' | 'marketplace_key' | 'marketplace_busy' | 'marketplace_refused')`
   * promise that nothing was rented. After any other rejection it may exist: look for the label.
   */
  rent(offer: Offer, order: Order, depart: () => Promise<void>, signal: AbortSignal): Promise<string>;
  /** All machines of the account, every page, ours or not. A list that is not whole rejects; it is never short or empty instead. */
  list(signal: AbortSignal): Promise<readonly Listed[]>;
  /** Asks for the end of it. Done again it does nothing. Its return is no proof: only two lists are. */
  destroy(instance: string, signal: AbortSignal): Promise<void>;
  /**
   * Stops it in place and starts it again. Only where `pauses`. `Failure('marketplace_busy')` promises that nothing was done,
   * and says nothing of the machine.
   */
  stop(instance: string, signal: AbortSignal): Promise<void>;
  start(instance: string, signal: AbortSignal): Promise<void>;
  /** What the machine printed while it booted; empty where the marketplace shows none. */
  bootLog(instance: string, signal: AbortSignal): Promise<string>;
  /** How the machine can end itself with a key that can do nothing else; null where there is no such key. */
  endCall(instance: string): Promise<EndCall | null>;
  /** How it can end itself where there is none. */
  endItself?(instance: string): EndItself;
  /**
   * Its own bill: every line that ends at or after `since`, those of machines that are gone as well, each with the amount it
   * has now. A bill that is not whole, or is not in US dollars, rejects; it is never shorter instead. Missing where it shows none.
   */
  charges?(since: number, signal: AbortSignal): Promise<readonly Billed[]>;
  /** What hosts want more for machines of ours, all of it or a failure. Missing where a price holds for as long as a rental does. */
  increases?(signal: AbortSignal): Promise<readonly PriceIncrease[]>;
  /** Agrees to one of them. Agreed to again, or withdrawn meanwhile, nothing happens. */
  agree?(increase: string, signal: AbortSignal): Promise<void>;
  /** What is left to spend there. Null where nothing ends when it is spent; missing where it does not say. */
  credit?(signal: AbortSignal): Promise<MicroDollars | null>;
}

/** Opens a shell as root. `hostKey` null means first contact: the key that is met is reported, to be compared and pinned. */
export type Connect = (address: Address, hostKey: string | null, signal: AbortSignal) => Promise<Shell>;

export interface Shell extends AsyncDisposable {
  /** The fingerprint that was met, `SHA256:...`. */
  readonly hostKey: string;
  /**
   * Runs a program to its end. `onLine` gets each line of standard output as it comes and may answer on standard input;
   * what it throws ends the run and rejects it.
   * Rejects with `Failure('command_timed_out')` at its deadline and `Failure('ssh_lost')` when the connection breaks.
   */
  run(
    command: Command,
    signal: AbortSignal,
    onLine?: (line: string, say: (line: string) => void) => void,
  ): Promise<Output>;
  upload(files: readonly Upload[], signal: AbortSignal): Promise<void>;
  /**
   * Listens on the machine's own loopback until the shell is closed, and hands over each connection that is made there.
   * Returns the port. Rejects with `Failure('forwarding_refused')` where the machine does not allow it.
   */
  forward(onConnection: (connection: Duplex) => void, signal: AbortSignal): Promise<number>;
  /** Aborts with `Failure('ssh_lost')` when the connection is gone. */
  readonly lost: AbortSignal;
}

/**
 * What machines say of themselves, in memory: an engine that starts anew hears it again within seconds.
 */
export interface Heartbeats {
  /** Where machines reach us by HTTP; null when they cannot, and are heard through their SSH connection. */
  readonly url: string | null;
  /** The word that opens the heartbeat route for this machine and does nothing else. */
  tokenFor(machine: string, epoch: number): string;
  /** Whether we made this word, before anything that comes with it is read. */
  knows(token: string): boolean;
  /** Checks who speaks, remembers what is said, and answers. Rejects with `Failure('unauthorized')`. */
  hear(token: string, status: AgentStatus): Promise<AgentAnswer>;
  /** The last one heard. */
  latest(machine: string): Heard | null;
  /** Whether nothing has stirred on it for so long that it may sleep, and why. */
  idle(machine: Machine, workspace: Workspace): Verdict;
  forget(machine: string): void;
  /** Serves that one route, and no other, on a connection that came through a tunnel. */
  serve(connection: Duplex): void;
}

export interface Heard {
  readonly status: AgentStatus;
  readonly at: number;
}

/** A program on a machine, as data. Quoting happens once, in `ssh/`; secrets travel in `stdin`, since `ps` shows arguments. */
export interface Command {
  readonly argv: readonly string[];
  readonly stdin?: string | undefined;
  /** Keep standard input open after `stdin`, for programs that are answered while they run. */
  readonly converse?: boolean | undefined;
  readonly timeoutMs: number;
}

export interface Output {
  readonly code: number;
  readonly stdout: string;
  /** The last 64 KiB. */
  readonly stderr: string;
}

export interface Upload {
  readonly path: string;
  readonly mode: number;
  readonly from: { readonly file: string } | { readonly bytes: Uint8Array };
}

/** Short-lived permission for one prefix of the bucket. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresAt: number;
}

/** Object storage as the control host sees it. */
export interface Storage {
  /** Where machines reach it. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  issue(scope: {
    readonly prefix: string | readonly string[];
    readonly access: 'read' | 'write';
    readonly ttlMs: number;
  }): Promise<Credentials>;
  put(key: string, body: Uint8Array, signal: AbortSignal, options?: { readonly onlyIfAbsent?: boolean }): Promise<void>;
  /** Null when there is no such object. */
  get(key: string, signal: AbortSignal): Promise<Uint8Array | null>;
  list(prefix: string, signal: AbortSignal): Promise<readonly StoredObject[]>;
  remove(key: string, signal: AbortSignal): Promise<void>;
  /**
   * Brings an object of another storage here, inside storage where both are one service. Without `replace` an object that is
   * here stays as it is.
   */
  copyFrom(
    source: Storage,
    object: StoredObject,
    how: { readonly as: string; readonly replace: boolean },
    signal: AbortSignal,
  ): Promise<void>;
  /** A URL that does one thing with one object for a while. */
  presign(verb: 'GET' | 'PUT', key: string, ttlMs: number): Promise<string>;
}

export interface Vault {
  readonly name: 'vault' | 'elsewhere';
  readonly storage: Storage;
  /** The same repositories, read there. */
  readonly repositories: Repositories;
  /** Nothing that is younger can be removed or replaced there, by anybody. */
  readonly lockMs: number;
}

export interface StoredObject {
  readonly key: string;
  readonly sizeBytes: number;
  /** By the storage's clock. */
  readonly writtenAt: number;
  /** Differs where the bytes differ. */
  readonly etag: string;
}

/** A workspace's restic repository, read by the control host with its own credentials: the second pair of eyes. */
export interface Repositories {
  /** Creates it if it is not there. */
  ensure(workspace: Workspace, signal: AbortSignal): Promise<void>;
  password(workspace: Workspace): Promise<string>;
  newPassword(): Promise<{ readonly sealed: string }>;
  /** From now on this one opens it too. Done again it does nothing. */
  addPassword(workspace: Workspace, sealed: string, signal: AbortSignal): Promise<void>;
  /** The names of keys that another password than the workspace's opens; none where its own opens none. */
  formerKeys(workspace: Workspace, signal: AbortSignal): Promise<readonly string[]>;
  /** The snapshot as storage has it; null when it is not there. */
  snapshot(workspace: Workspace, id: string, signal: AbortSignal): Promise<StoredSnapshot | null>;
  snapshots(workspace: Workspace, signal: AbortSignal): Promise<readonly StoredSnapshot[]>;
  /** Every regular file of it, in restic's order. */
  files(workspace: Workspace, id: string, signal: AbortSignal): Promise<readonly StoredFile[]>;
  /** The bytes of one file, or of a directory as a tar; '' is all of it. A stream that is destroyed is not read on. */
  read(
    workspace: Workspace,
    id: string,
    what: { readonly path: string; readonly archive: boolean },
    signal: AbortSignal,
  ): Readable;
  /** Reads these files back out of storage and hashes what came. */
  digests(
    workspace: Workspace,
    id: string,
    paths: readonly string[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>>;
  /**
   * Writes one snapshot of another workspace's repository into this one's, under this one's keys; nothing else of that one
   * comes along. Returns its id here. What is here already is not written again.
   */
  copyIn(workspace: Workspace, from: Workspace, id: string, signal: AbortSignal): Promise<string>;
  /** The one snapshot of a repository that was copied from another workspace's becomes its own. Returns its new id. */
  rehost(workspace: Workspace, id: string, signal: AbortSignal): Promise<string>;
  /** Removes packs of which no snapshot needs anything, of a repository that nobody uses yet. No data is read for it. */
  dropUnused(workspace: Workspace, signal: AbortSignal): Promise<void>;
  /** Removes these snapshots' names; their data stays until `compact`. Those that are not there are removed already. */
  forget(workspace: Workspace, ids: readonly string[], signal: AbortSignal): Promise<void>;
  /**
   * Removes what no snapshot needs any more and puts together what lies in many small pieces. Rejects with
   * `Failure('repository_locked')` when somebody backs up or reads: nothing is harmed, and the next one goes on from there.
   */
  compact(workspace: Workspace, signal: AbortSignal): Promise<void>;
  /** What restic needs to know before it restores that snapshot, for a machine that knows nothing; null when there is none. */
  headStart(workspace: Workspace, id: string, signal: AbortSignal): Promise<Uint8Array | null>;
  /** Brings a snapshot here, or these files of it alone, hashes these files, and takes it all away again. */
  restoreHere(
    workspace: Workspace,
    id: string,
    what: { readonly paths: readonly string[]; readonly whole: boolean },
    signal: AbortSignal,
  ): Promise<RestoredFiles>;
  /** What is wrong with it, in words; nothing when all is there. Bytes are read only where `readData` says how many, as `5%`. */
  check(
    workspace: Workspace,
    how: { readonly readData: string | null },
    signal: AbortSignal,
  ): Promise<readonly string[]>;
}

export interface RestoredFiles {
  readonly digests: ReadonlyMap<string, string>;
  readonly bytes: number;
  /** Of the restore alone. */
  readonly ms: number;
}

export interface StoredSnapshot {
  readonly id: string;
  readonly time: number;
  readonly host: string;
  readonly tags: readonly string[];
}

export interface StoredFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

/** The programs a machine needs: Node, the agent, restic. Named by content, fetched by the boot script, checked over SSH. */
export interface Kit {
  readonly tools: readonly Tool[];
}

export interface Tool {
  readonly name: 'node' | 'agent' | 'restic';
  /** Of the program itself, unpacked. */
  readonly sha256: string;
  /** The gzip that travels, on the control host's disk. */
  readonly file: string;
  readonly sizeBytes: number;
  /** The object that holds the same bytes. No machine can write there. */
  readonly key: string;
}
