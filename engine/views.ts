import { backupsOf } from './backups/backups.ts';
import { whyMissing } from './backups/missing-snapshot.ts';
import { plansFor } from './backups/plans.ts';
import { fatesOf } from './backups/upkeep.ts';
import { openBrowsing } from './browsing.ts';
import type { Engine, RaceView, RankedOffer, WorkspaceView } from './domain/doors.ts';
import { Failure } from './domain/failures.ts';
import { BILLED, type Machine, rateOf } from './domain/lifecycle.ts';
import type { Ports } from './domain/ports.ts';
import type { Race } from './domain/race.ts';
import { byAge, newestGood, type Snapshot } from './domain/snapshot.ts';
import type { StoragePrices } from './domain/storage-prices.ts';
import type { Upkeep } from './domain/upkeep.ts';
import { sightOf, type Workspace } from './domain/workspace.ts';
import { savingsFor } from './money/money.ts';
import { hostKnowledge, offersFor } from './offers.ts';
import { allBelow, differences, entriesIn } from './policy/browse.ts';
import { viewOfDrills } from './policy/drill.ts';
import { stageTimes } from './policy/hosts.ts';
import { storagePerMonth } from './policy/plan-price.ts';
import { followLog, linesOf } from './process/logs.ts';
import { quoteFor } from './quote.ts';
import { knownWorkspaces } from './steps/known-workspaces.ts';
import { lookForRisk } from './steps/look-for-risk.ts';
import { mending, readMending } from './steps/mending.ts';
import { storedLines } from './steps/stored-backup.ts';

type Reads = Pick<
  Engine,
  | 'status'
  | 'atRisk'
  | 'snapshots'
  | 'findSnapshot'
  | 'backups'
  | 'findBackup'
  | 'files'
  | 'diff'
  | 'download'
  | 'retention'
  | 'alerts'
  | 'drills'
  | 'quote'
  | 'plans'
  | 'savings'
  | 'offers'
  | 'hosts'
  | 'operation'
  | 'operations'
  | 'logs'
  | 'followLog'
  | 'ssh'
  | 'health'
>;

/** What people can look at. Everything is computed from the rows; nothing here changes them. */
export function createViews(
  ports: Ports,
  identityFile: string | null,
): Reads & { find(name: string): Promise<Workspace> } {
  const { store, settings } = ports;
  const browse = openBrowsing(ports);

  async function find(name: string): Promise<Workspace> {
    const workspace = await store.read('workspaces', name);
    if (workspace) return workspace;
    const known = await knownWorkspaces(ports);
    throw new Failure('no_such_workspace', {
      workspace: name,
      known: known || 'none yet; make one with "dumont create NAME"',
    });
  }

  /** Without those that are leaving. */
  async function keptBy(name: string): Promise<readonly Snapshot[]> {
    const all = await store.list('snapshots');
    return all.filter(({ workspace, leaving }) => workspace === name && leaving === null);
  }

  async function findSnapshot(name: string, prefix: string): Promise<Snapshot> {
    const workspace = await find(name);
    const found = (await keptBy(name)).filter(({ id }) => id.startsWith(prefix));
    const [snapshot] = found;
    if (!snapshot) throw await whyMissing(workspace, prefix, ports);
    if (found.length > 1)
      throw new Failure('bad_request', {
        why: `"${prefix}" names ${found.length} snapshots of ${name}; give more digits`,
      });
    return snapshot;
  }

  async function listOf(snapshot: Snapshot, signal: AbortSignal) {
    const lines = async () => await storedLines(snapshot, ports, signal);
    return await mending(await find(snapshot.workspace), ports, signal, lines);
  }

  return {
    find,

    async status(name, { only = () => true, after = '', limit = Number.POSITIVE_INFINITY } = {}) {
      const workspaces = name === null ? await store.list('workspaces') : [await find(name)];
      const wanted = workspaces
        .filter((workspace) => workspace.id > after && only(workspace))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, limit);
      const [machines, races, snapshots, operations, upkeeps] = await Promise.all([
        store.list('machines'),
        store.list('races'),
        store.list('snapshots'),
        store.list('operations'),
        store.list('upkeep'),
      ]);
      const storageOf = new Map(upkeeps.map((row) => [row.id, storedBy(row, settings.storagePrices.here)]));
      const names = new Set(wanted.map(({ id }) => id));
      const byWorkspace = <T extends { readonly workspace: string }>(rows: readonly T[]): Map<string, T[]> =>
        Map.groupBy(
          rows.filter((row) => names.has(row.workspace)),
          (row) => row.workspace,
        );
      const machinesOf = byWorkspace(machines);
      const racesOf = byWorkspace(races);
      const snapshotsOf = byWorkspace(snapshots);
      const operationsOf = byWorkspace(operations);
      return wanted.map((workspace) => {
        const { id, wish } = workspace;
        const mine = machinesOf.get(id) ?? [];
        return viewOf(
          workspace,
          mine,
          racesOf.get(id) ?? [],
          snapshotsOf.get(id) ?? [],
          operationsOf.get(id)?.findLast((one) => one.id === wish.operation) ?? null,
          pulseOf(workspace, mine),
          storageOf.get(id) ?? null,
        );
      });
    },

    async atRisk(name, signal) {
      const workspace = await find(name);
      const machine = workspace.claim && (await store.read('machines', workspace.claim.machine));
      if (machine?.state !== 'running') throw new Failure('no_such_machine', { workspace: name });
      return await lookForRisk(machine, workspace, ports, signal);
    },

    async snapshots(name) {
      await find(name);
      return (await keptBy(name)).toSorted(byAge);
    },

    findSnapshot,

    async backups(name) {
      return await backupsOf(await find(name), await keptBy(name), ports);
    },

    async findBackup(name, id) {
      const workspace = await find(name);
      const backups = await backupsOf(workspace, await keptBy(name), ports);
      const known = backups.find((one) => one.id === id);
      if (known) return known;
      const notThere = backups.filter((one) => one.id.startsWith(id) && one.contentHash === '');
      if (notThere.length === 1) return notThere[0]!;
      const operation = await store.read('operations', id);
      const taken = operation?.workspace === name && operation.verb === 'snapshot' && operation.outcome?.facts.snapshot;
      const snapshot = await findSnapshot(name, typeof taken === 'string' ? taken : id);
      return backups.find((one) => one.id === snapshot.id) ?? snapshot;
    },

    async files(name, prefix, { folder, deep }, signal) {
      const snapshot = await findSnapshot(name, prefix);
      const entries = (deep ? allBelow : entriesIn)(await listOf(snapshot, signal), folder);
      if (!entries) throw new Failure('no_such_file', { path: `/${folder}`, snapshot: snapshot.id.slice(0, 8) });
      return entries;
    },

    async diff(name, before, after, signal) {
      const [one, other] = [await findSnapshot(name, before), await findSnapshot(name, after)];
      return differences(await listOf(one, signal), await listOf(other, signal));
    },

    async download(name, prefix, path, signal) {
      const workspace = await find(name);
      const snapshot = await findSnapshot(name, prefix);
      const short = snapshot.id.slice(0, 8);
      const line = path === '' ? null : (await listOf(snapshot, signal)).find((one) => one.path === path);
      if (line === undefined) throw new Failure('no_such_file', { path: `/${path}`, snapshot: short });
      if (line && line.type !== 'file' && line.type !== 'dir')
        throw new Failure('bad_path', { path: `/${path}`, why: 'it is neither a file nor a directory' });
      const archive = line?.type !== 'file';
      const base = path.split('/').at(-1) || `${name}-${short}`;
      return {
        name: archive ? `${base}.tar` : base,
        archive,
        sizeBytes: archive ? null : (line?.sizeBytes ?? null),
        sha256: archive ? null : (line?.sha256 ?? null),
        stream: readMending(workspace, ports, signal, () =>
          ports.repositories.read(workspace, snapshot.id, { path, archive }, signal),
        ),
      };
    },

    async retention(name) {
      return await fatesOf(await find(name), ports);
    },

    async alerts(name) {
      if (name !== null) await find(name);
      const all = (await store.list('alerts')).filter(({ workspace }) => name === null || workspace === name);
      return all.toSorted((a, b) => b.raisedAt - a.raisedAt || (a.id < b.id ? 1 : -1));
    },

    async drills(name) {
      const known = new Map(
        (name === null ? await store.list('workspaces') : [await find(name)]).map((it) => [it.id, it]),
      );
      const drills = await ports.journals.read('drills', 0);
      // Not those of another workspace that had the name before.
      const all = drills.filter(
        ({ workspace, at }) => at >= (known.get(workspace)?.createdAt ?? Number.POSITIVE_INFINITY),
      );
      return viewOfDrills(all.toSorted((a, b) => b.at - a.at || (a.workspace < b.workspace ? 1 : -1)));
    },

    async quote(name, how) {
      const workspace = await find(name);
      if (how.snapshot !== undefined) await findSnapshot(name, how.snapshot);
      return await quoteFor(workspace, how, browse, ports);
    },

    async plans(name, restoreBytes = null) {
      const snapshots =
        name === null ? [] : (await store.list('snapshots')).filter(({ workspace }) => workspace === name);
      const wakeImage = name === null || (await find(name)).spec.wakeImage;
      return plansFor(snapshots, { copies: 1 + ports.vaults.length, wakeImage, restoreBytes }, settings);
    },

    savings: async (wanted) => await savingsFor(wanted, ports),

    async offers(need, signal) {
      const { ranked, none, sources } = await offersFor(need, null, ports, signal, { ask: browse });
      if (ranked.length === 0) throw new Failure('no_offers', { why: none });
      return { ranked: ranked.filter(isFirstOfItsMachine), sources };
    },

    async hosts() {
      const { memory, boots } = await hostKnowledge(ports);
      const hosts = [...memory.values()].toSorted((a, b) => b.lastAt - a.lastAt);
      return { stages: stageTimes([...boots.values()].flat()), hosts };
    },

    async operation(id) {
      const operation = await store.read('operations', id);
      if (!operation) throw new Failure('no_such_operation', { operation: id });
      return operation;
    },

    async operations(name) {
      if (name !== null) await find(name);
      const all = (await store.list('operations')).filter(({ workspace }) => name === null || workspace === name);
      return all.toSorted((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
    },

    async logs(name, part) {
      return await linesOf(await find(name), part, ports);
    },

    async *followLog(name, how, signal) {
      yield* followLog(await find(name), how, ports, signal);
    },

    async ssh(name) {
      const workspace = await find(name);
      const machine = workspace.claim && (await store.read('machines', workspace.claim.machine));
      if (
        !machine?.address ||
        machine.hostKey === null ||
        machine.entered.running === undefined ||
        machine.state === 'paused'
      ) {
        const sight = sightOf(workspace, machine);
        if (sight === 'waking' || sight === 'stranded') throw new Failure('workspace_busy', { workspace: name, sight });
        throw new Failure('no_such_machine', { workspace: name });
      }
      return {
        workspace: name,
        machine: machine.id,
        address: machine.address,
        hostKey: machine.hostKey,
        user: 'root',
        identityFile,
      };
    },

    async health() {
      const checks = [
        { name: 'store', try: async () => void (await store.list('workspaces')) },
        { name: 'storage', try: async () => void (await ports.storage.list('kit/', AbortSignal.timeout(LOOK_MS))) },
        ...[...ports.marketplaces.values()].map((marketplace) => ({
          name: marketplace.name,
          try: async () => void (await marketplace.list(AbortSignal.timeout(LOOK_MS))),
        })),
      ];
      return await Promise.all(
        checks.map(async ({ name, try: attempt }) => {
          try {
            await attempt();
            return { name, ok: true, say: 'answers' };
          } catch (cause) {
            return { name, ok: false, say: cause instanceof Error ? cause.message : String(cause) };
          }
        }),
      );
    },
  };

  function pulseOf(workspace: Workspace, machines: readonly Machine[]): WorkspaceView['pulse'] {
    const machine = machines.find((one) => one.id === workspace.claim?.machine);
    const heard = machine && ports.heartbeats.latest(machine.id);
    if (!heard || ports.clock.now() - heard.at > settings.agent.silentMs) return null;
    const { backup, jobs } = heard.status;
    return { heardAt: heard.at, backup, jobs, idle: ports.heartbeats.idle(machine, workspace) };
  }
}

const LOOK_MS = 15_000;

function viewOf(
  workspace: Workspace,
  machines: readonly Machine[],
  races: readonly Race[],
  snapshots: readonly Snapshot[],
  operation: WorkspaceView['operation'],
  pulse: WorkspaceView['pulse'],
  storage: WorkspaceView['storage'],
): WorkspaceView {
  const machine = machines.find((one) => one.id === workspace.claim?.machine) ?? null;
  const race = races.find((one) => one.endedAt === null) ?? null;
  const billed = machines.filter((one) => BILLED.has(one.state) && one.departedAt !== null);
  return {
    workspace,
    sight: sightOf(workspace, machine),
    why: workspace.destroying
      ? 'it is being removed'
      : (machine?.why ?? (race ? raceWords(race, machines) : workspace.wish.why)),
    since: machine?.since ?? race?.startedAt ?? workspace.wish.at,
    machine,
    race: race && raceViewOf(race, machines),
    newest: newestGood(snapshots),
    dollarsPerHour: billed.reduce((sum, one) => sum + rateOf(one), 0),
    operation,
    pulse,
    storage,
  };
}

function storedBy({ hot, vault }: Upkeep, prices: StoragePrices): WorkspaceView['storage'] {
  if (hot === null) return null;
  const vaultBytes = vault?.bytes ?? 0;
  return {
    bytes: hot.bytes,
    vaultBytes,
    microPerMonth: storagePerMonth(hot.bytes + vaultBytes, prices),
    countedAt: hot.at,
  };
}

function raceWords(race: Race, machines: readonly Machine[]): string {
  const live = race.racers.filter(
    (racer) => machines.find((machine) => machine.id === racer.machine)?.state !== 'gone',
  ).length;
  return `${live} machines race`;
}

function raceViewOf(race: Race, machines: readonly Machine[]): RaceView {
  return {
    id: race.id,
    startedAt: race.startedAt,
    round: race.racers.reduce((highest, racer) => Math.max(highest, racer.round), 0),
    rounds: race.plan.rounds,
    racers: race.racers.map((racer) => {
      const machine = machines.find((one) => one.id === racer.machine);
      return {
        machine: racer.machine,
        round: racer.round,
        state: machine?.state ?? 'renting',
        since: machine?.since ?? racer.at,
        why: machine?.why ?? 'about to be asked for',
        offer: racer.offer,
      };
    }),
  };
}

/** A marketplace may offer one machine several times, for other drivers say; whoever looks around wants to see it once. */
function isFirstOfItsMachine({ offer }: RankedOffer, i: number, all: readonly RankedOffer[]): boolean {
  const same = (other: RankedOffer): boolean =>
    other.offer.machine === offer.machine &&
    other.offer.marketplace === offer.marketplace &&
    other.offer.spot === offer.spot;
  return all.findIndex(same) === i;
}
