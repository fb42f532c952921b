/** The rows of a file before they are known to be ours: by kind, then by id. */
export type RawRows = Map<string, Map<string, Record<string, unknown>>>;

/** Brings rows of one schema to the next, in place. */
export type Migration = (rows: RawRows) => void;

/** In order: the first takes schema 0 to 1. A released one is never changed; what comes next is added behind it. */
export const MIGRATIONS: readonly Migration[] = [
  function narrowWishesAndHoldMachines(rows) {
    for (const workspace of rows.get('workspaces')?.values() ?? [])
      workspace.wish = { need: {}, capDollars: null, abandon: null, ...(workspace.wish as object) };
    for (const [id, machine] of rows.get('machines') ?? [])
      rows.get('machines')?.set(id, { stirredAt: null, held: null, ...machine });
  },
  function leaveRoomForIntents(rows) {
    for (const [id, operation] of rows.get('operations') ?? [])
      rows.get('operations')?.set(id, { intent: null, ...operation });
  },
  function letAgentsLive(rows) {
    for (const workspace of rows.get('workspaces')?.values() ?? []) {
      workspace.spec = { backupEveryMs: null, idle: {}, afterWake: null, ...(workspace.spec as object) };
      workspace.asks = (workspace.asks as object[]).map((ask) => ({ type: 'SNAPSHOT', ...ask }));
      workspace.jobs ??= [];
      workspace.wish = agreeing(workspace.wish);
      workspace.keep ??= null;
    }
    for (const [id, machine] of rows.get('machines') ?? [])
      rows.get('machines')?.set(id, { warned: null, restAfter: null, afterWake: null, ...machine });
    // Until now every snapshot in the catalogue had its bytes compared.
    for (const [id, snapshot] of rows.get('snapshots') ?? [])
      rows.get('snapshots')?.set(id, { comparedAt: snapshot.provedAt ?? null, manifestBase: null, ...snapshot });
    for (const operation of rows.get('operations')?.values() ?? []) {
      const intent = operation.intent as { ask?: object; wish?: object } | null;
      if (intent?.ask) operation.intent = { ask: { type: 'SNAPSHOT', ...intent.ask } };
      if (intent?.wish) operation.intent = { wish: agreeing(intent.wish) };
    }
  },
  function letWorkspacesBeShared(rows) {
    for (const workspace of rows.get('workspaces')?.values() ?? []) workspace.shares ??= [];
  },
  function letWorkspacesHaveSchedulesAndFetches(rows) {
    for (const workspace of rows.get('workspaces')?.values() ?? []) {
      workspace.schedules ??= [];
      workspace.fetches ??= [];
      workspace.asks = (workspace.asks as object[]).map((ask) => ({ extra: {}, ...ask }));
    }
    for (const operation of rows.get('operations')?.values() ?? []) {
      const intent = operation.intent as { ask?: object } | null;
      if (intent?.ask) operation.intent = { ask: { extra: {}, ...intent.ask } };
    }
  },
  function putWorkspacesOnPlans(rows) {
    for (const workspace of rows.get('workspaces')?.values() ?? []) {
      const spec = workspace.spec as { backupEveryMs: number | null };
      const backupEveryMs = nextInterval(spec.backupEveryMs);
      workspace.spec = { plan: planFor(backupEveryMs), retentionDays: null, ...spec, backupEveryMs };
    }
  },
  function letSnapshotsBePinned(rows) {
    for (const [id, snapshot] of rows.get('snapshots') ?? [])
      rows.get('snapshots')?.set(id, { pinned: null, leaving: null, vaultedAt: null, ...snapshot });
  },
  function letMachinesHaveBills(rows) {
    // Those that are gone are in the ledger.
    for (const [id, machine] of rows.get('machines') ?? [])
      rows.get('machines')?.set(id, { billedUntil: null, ...machine });
    for (const [id, race] of rows.get('races') ?? [])
      rows.get('races')?.set(id, { marketDollarsPerHour: null, ...race });
  },
  function letWorkspacesStandBy(rows) {
    for (const workspace of rows.get('workspaces')?.values() ?? []) {
      workspace.standby ??= null;
      workspace.yields ??= null;
    }
  },
  function letSleepLeaveAnImage(rows) {
    for (const workspace of rows.get('workspaces')?.values() ?? [])
      workspace.spec = { wakeImage: true, ...(workspace.spec as object) };
  },
  function letBillsHaveParts(rows) {
    for (const [id, bill] of rows.get('bills') ?? []) {
      const pieces = (bill.pieces as object[]).map((piece) => ({ part: 'gpu', ...piece }));
      const chargedUntil = typeof bill.chargedUntil === 'number' ? { gpu: bill.chargedUntil } : {};
      const none = { bytes: 0, last: 0 };
      const traffic = { down: none, up: none, micro: 0, at: bill.meteredUntil };
      const rest = { stoppedDollarsPerHour: null, stopped: false, traffic };
      rows.get('bills')?.set(id, { ...rest, ...bill, pieces, chargedUntil });
    }
    // A backup was 14 calls that write and 7 that read.
    for (const [id, { backups, ...bill }] of rows.get('storage-bills') ?? []) {
      const calls = { a: 14 * (backups as number), b: 7 * (backups as number) };
      rows.get('storage-bills')?.set(id, { calls, vaultObjects: 0, ...bill });
    }
  },
  function letStorageHavePlaces(rows) {
    for (const [id, bill] of rows.get('storage-bills') ?? []) {
      const since = rows.get('workspaces')?.get(id)?.createdAt ?? 0;
      const bytes = { hot: 0, vault: 0, elsewhere: 0 };
      const none = { endedAt: null, bytes, elsewhere: { a: 0, b: 0 }, outBytes: 0, used: null };
      rows.get('storage-bills')?.set(id, { since, ...none, ...bill });
    }
  },
  function letUpkeepDropFormerKeys(rows) {
    for (const row of rows.get('upkeep')?.values() ?? []) row.formerKeys = false; // those of before go once a day
  },
  function letReportsWait(rows) {
    for (const report of rows.get('reports')?.values() ?? []) report.waiting ??= [];
  },
  function letSnapshotsBeSetAside(rows) {
    for (const snapshot of rows.get('snapshots')?.values() ?? []) snapshot.setAside ??= null;
  },
];

/** Until there were plans any interval could be chosen: the next longer one that can be now, and the least plan that has it. */
const nextInterval = (ms: number | null): number | null =>
  ms === null
    ? null
    : ([10, 30, 60, 300, 900, 3_600, 21_600].find((seconds) => seconds * 1_000 >= ms) ?? 86_400) * 1_000;
const planFor = (ms: number | null): string =>
  ms === null || ms >= 300_000 ? 'free' : ms >= 30_000 ? 'pro' : 'enterprise';

/** Whoever agreed to lose whatever there was is asked again, for each file. */
const agreeing = (wish: unknown): object => ({ ...(wish as object), agreedToLose: [] });
