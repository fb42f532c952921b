import type { Charge } from '../../engine/domain/journals.ts';
import { intend, type Machine } from '../../engine/domain/lifecycle.ts';
import type { Offer } from '../../engine/domain/marketplace.ts';
import type { Operation } from '../../engine/domain/operation.ts';
import type { Kind, Rows } from '../../engine/domain/ports.ts';
import type { Race } from '../../engine/domain/race.ts';
import { DEFAULTS } from '../../engine/domain/settings.ts';
import type { Snapshot } from '../../engine/domain/snapshot.ts';
import { noUpkeep } from '../../engine/domain/upkeep.ts';
import { NO_CHOICE, type Workspace } from '../../engine/domain/workspace.ts';

/** Valid rows of every kind, made from the few fields that matter to a test. */

export const anOffer: Offer = {
  id: 'o1',
  marketplace: 'local',
  machine: 'p1',
  host: 'h1',
  region: 'BR',
  gpu: 'RTX 4090',
  gpuCount: 1,
  vramGb: 24,
  cpuCount: 8,
  memoryGb: 64,
  diskGb: 100,
  dollarsPerHour: 0.4,
  dollarsPerGbDown: 0.01,
  dollarsPerGbUp: 0,
  reliability: 0.99,
  downMbps: 800,
  upMbps: 300,
  cuda: null,
  verified: true,
  spot: false,
};

export function aWorkspace(over: Partial<Workspace> = {}): Workspace {
  return {
    id: 'lab',
    version: 0,
    owner: 'ana',
    shares: [],
    createdAt: 1_700_000_000_000,
    spec: {
      image: 'ubuntu:24.04',
      need: { gpu: 'RTX 4090', regions: ['BR', 'US'] },
      diskGb: 40,
      publicKeys: ['ssh-ed25519 AAAA ana'],
      environment: { GREETING: 'olá "mundo"\n\u2028' },
      ports: [8888],
      include: [],
      exclude: ['*.tmp'],
      fileBytesMax: 10_000_000_000,
      plan: 'free',
      backupEveryMs: null,
      retentionDays: null,
      idle: {},
      afterWake: null,
    },
    claim: null,
    epoch: 0,
    wish: { ...NO_CHOICE, want: 'asleep', by: 'ana', at: 1_700_000_000_000, why: 'created', operation: 'op1' },
    asks: [],
    fetches: [],
    jobs: [],
    keep: null,
    schedules: [],
    sequence: 0,
    sealedPassword: 'c2VhbGVk',
    ...over,
  };
}

export function aMachine(over: Partial<Machine> = {}): Machine {
  const origin = {
    id: 'm1',
    workspace: 'lab',
    race: 'r1',
    label: 'dumont-local-m1-lab',
    marketplace: 'local',
    offer: anOffer,
  };
  return { ...intend(origin, 'round 1', 1_700_000_000_000), ...over };
}

export function aRace(over: Partial<Race> = {}): Race {
  return {
    id: 'r1',
    version: 0,
    workspace: 'lab',
    operation: 'op1',
    startedAt: 1_700_000_000_000,
    endedAt: null,
    plan: DEFAULTS.race,
    need: {},
    racers: [{ machine: 'm1', label: 'dumont-local-m1-lab', offer: anOffer, round: 1, at: 1_700_000_000_000 }],
    marketDollarsPerHour: 0.4,
    claimed: null,
    verdicts: { m2: { why: 'slow', slow: true } },
    outcome: null,
    ...over,
  };
}

export function aSnapshot(over: Partial<Snapshot> = {}): Snapshot {
  return {
    id: 'a'.repeat(64),
    version: 0,
    workspace: 'lab',
    kind: 'manual',
    type: 'SNAPSHOT',
    status: 'COMPLETED',
    createdAt: 1_700_000_000_000,
    completedAt: 1_700_000_060_000,
    machine: 'm1',
    epoch: 1,
    sequence: 1,
    parent: null,
    sizeBytes: 123,
    fileCount: 4,
    contentHash: 'b'.repeat(64),
    partial: false,
    provedAt: null,
    comparedAt: null,
    manifestBase: null,
    pinned: null,
    leaving: null,
    vaultedAt: null,
    description: 'before the upgrade',
    tags: ['keep'],
    extra: { ticket: '12' },
    errorMessage: null,
    ...over,
  };
}

export function anOperation(over: Partial<Operation> = {}): Operation {
  return {
    id: 'op1',
    version: 0,
    key: 'click-1',
    verb: 'wake',
    workspace: 'lab',
    by: 'ana',
    at: 1_700_000_000_000,
    intent: { wish: aWorkspace().wish },
    endedAt: 1_700_000_060_000,
    outcome: { ok: false, code: 'race_lost', say: 'No machine became ready: slow.', facts: { machines: 15 } },
    ...over,
  };
}

const aCharge: Charge = {
  at: 1_700_000_000_000,
  id: 'm1/1',
  workspace: 'lab',
  owner: 'ana',
  machine: 'm1',
  race: null,
  for: 'gpu',
  source: 'metered',
  micro: 1,
  from: 1_699_000_000_000,
  until: 1_700_000_000_000,
  settles: null,
  marketMicro: null,
};

export const ONE_OF_EACH: { readonly [K in Kind]: Rows[K] } = {
  workspaces: aWorkspace(),
  machines: aMachine(),
  races: aRace(),
  snapshots: aSnapshot(),
  operations: anOperation(),
  bills: {
    id: 'm1',
    version: 0,
    workspace: 'lab',
    owner: 'ana',
    race: 'r1',
    marketplace: 'local',
    instance: '4100001',
    for: 'gpu',
    dollarsPerHour: 0.42,
    marketDollarsPerHour: null,
    from: 1_699_000_000_000,
    meteredUntil: 1_700_000_000_000,
    endedAt: null,
    pieces: [{ id: 'm1/1', micro: 1, from: 1_699_000_000_000, until: 1_700_000_000_000, settledMicro: 0, entries: 0 }],
    lines: { '4100001/0': { micro: 1, entries: 1 } },
    chargedUntil: null,
    pending: [aCharge],
    closedAt: null,
  },
  'storage-bills': {
    id: 'lab',
    version: 0,
    owner: 'ana',
    storedUntil: 1_700_000_000_000,
    backups: 4,
    countedUntil: 1_700_000_000_000,
    pending: [{ ...aCharge, machine: null, for: 'storage' }],
  },
  accounts: {
    id: 'ana',
    version: 0,
    role: 'operator',
    password: 'scrypt$32768$8$1$AAAA$BBBB',
    createdAt: 1_700_000_000_000,
    createdBy: 'admin',
    endedAt: null,
    wordsSince: 1_700_000_000_000,
    discord: '123456789012345678',
  },
  sessions: {
    id: 's1',
    version: 0,
    account: 'ana',
    secret: 'c'.repeat(64),
    createdAt: 1_700_000_000_000,
    usedAt: 1_700_000_060_000,
    expiresAt: 1_700_100_000_000,
  },
  tokens: {
    id: 't1',
    version: 0,
    account: 'ana',
    name: 'nightly',
    role: 'viewer',
    workspaces: ['lab'],
    secret: 'd'.repeat(64),
    createdAt: 1_700_000_000_000,
    expiresAt: null,
    usedAt: null,
  },
  'link-codes': { id: 'e'.repeat(64), version: 0, account: 'ana', expiresAt: 1_700_000_600_000 },
  alerts: {
    id: 'backup_late/lab',
    version: 0,
    kind: 'backup_late',
    workspace: 'lab',
    raisedAt: 1_700_000_000_000,
    why: 'the last one is 20 minutes old',
    resolvedAt: null,
    resolvedBy: null,
  },
  upkeep: {
    ...noUpkeep('lab'),
    waits: { why: 'it is waking', since: 1_700_000_000_000, locked: false },
    drill: { at: 1_700_000_000_000, snapshot: 'a'.repeat(64), ok: true, why: '4 files are as they were' },
    hot: { bytes: 1_000, objects: 12, at: 1_700_000_000_000 },
  },
  guilds: {
    id: '1300000000000000001',
    version: 0,
    language: 'pt',
    channel: '1300000000000000002',
    audit: null,
    pingRole: null,
    hears: 'its own',
    trouble: null,
  },
  panels: {
    id: 'p-op1',
    version: 0,
    kind: 'operation',
    guild: '1300000000000000001',
    channel: '1300000000000000002',
    message: null,
    workspace: 'lab',
    operation: 'op1',
    user: '1300000000000000003',
    facts: { ended: null },
    openedAt: 1_700_000_000_000,
    postedAt: null,
    closedAt: null,
  },
  confirmations: {
    id: 'c1300000000000000004',
    version: 0,
    user: '1300000000000000003',
    path: 'abandon',
    options: { workspace: 'lab', why: 'the disk is dead' },
    typed: 'lab',
    expiresAt: 1_700_000_300_000,
    usedBy: null,
  },
  'gateway-sessions': {
    id: '0',
    version: 0,
    session: 'f'.repeat(32),
    resumeUrl: 'wss://gateway.example',
    shards: 1,
    sequence: 42,
  },
  'discord-heard': { id: 'discord', version: 0, number: 42 },
};
