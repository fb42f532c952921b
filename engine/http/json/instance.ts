import * as z from 'zod';
import type { RaceView, SshTarget, WorkspaceView } from '../../domain/doors.ts';
import { type Machine, STATES } from '../../domain/lifecycle.ts';
import { hasGpu } from '../../domain/marketplace.ts';
import { MICRO } from '../../domain/money.ts';
import { PLANS } from '../../domain/plan.ts';
import { programOf, WORKSPACE_NAME, type Workspace } from '../../domain/workspace.ts';
import { NextCursor } from '../page.ts';
import { NeedJson, OfferJson, offerJson } from './offer.ts';
import { OperationJson, operationJson } from './operation.ts';
import { PulseJson, pulseJson } from './pulse.ts';
import { ScheduleJson, scheduleJson } from './schedule.ts';
import { SnapshotJson, snapshotJson } from './snapshot.ts';
import { iso, isoOrNull, present, snaked } from './wire.ts';

export const InstanceId = z
  .string()
  .regex(WORKSPACE_NAME, 'a name has 1 to 40 lower-case letters, digits and dashes and begins with a letter');

const State = z.enum(STATES);

const SpecJson = z.object({
  image: z.string(),
  need: NeedJson,
  disk_gb: z.number(),
  public_keys: z.array(z.string()),
  environment_names: z.array(z.string()).describe('Only the names: the values may be secrets.'),
  ports: z.array(z.number()),
  include_paths: z.array(z.string()),
  exclude_paths: z.array(z.string()),
  file_bytes_max: z.number(),
  plan: z.enum(PLANS),
  backup_every_ms: z.number().nullable().describe("Null: the plan's own."),
  retention_days: z.number().nullable().describe('Null: as the kind of a snapshot or the plan says.'),
  idle: z.record(z.string(), z.union([z.number(), z.boolean()])).describe("Where it differs from the installation's."),
  wake_image: z.boolean(),
  after_wake: z.string().nullable(),
});

const JobJson = z.object({
  operation_id: z.string(),
  by: z.string(),
  at: z.iso.datetime(),
  command: z.string().describe('The name of the program. Its arguments may hold secrets.'),
  then_hibernate: z.boolean(),
  machine_id: z.string().nullable().describe('Null until its checkpoint was taken.'),
});

/** A workspace as it was described, without what it is doing. */
export const WorkspaceJson = z.object({
  id: z.string(),
  owner: z.string(),
  shares: z
    .array(z.object({ with: z.string(), role: z.enum(['viewer', 'operator']), by: z.string(), at: z.iso.datetime() }))
    .describe('Whom its owner lets in besides.'),
  created_at: z.iso.datetime(),
  epoch: z.number(),
  spec: SpecJson,
  wish: z.object({
    want: z.enum(['awake', 'asleep', 'paused']),
    by: z.string(),
    at: z.iso.datetime(),
    why: z.string(),
  }),
  keep: z
    .object({ until: z.iso.datetime(), by: z.string(), why: z.string(), at: z.iso.datetime() })
    .nullable()
    .describe('Somebody wants it awake until then, idle or not.'),
  standby: z
    .object({ by: z.string(), at: z.iso.datetime(), dollars_per_month: z.number() })
    .nullable()
    .describe(
      'It goes on at a machine without a GPU when none with one can be had; who agreed to that price. Null: not.',
    ),
  schedules: z.array(ScheduleJson).describe('When it wakes and goes to sleep by itself.'),
  jobs: z.array(JobJson).describe('Programs that were started by "run" and whose end nobody was told of yet.'),
});
export type WorkspaceJson = z.infer<typeof WorkspaceJson>;

const MachineJson = z.object({
  id: z.string(),
  state: State,
  why: z.string(),
  since: z.iso.datetime(),
  marketplace: z.string(),
  offer: OfferJson,
  address: z.object({ host: z.string(), port: z.number() }).nullable(),
  host_key: z.string().nullable(),
  epoch: z.number().nullable(),
  restored_snapshot_id: z.string().nullable(),
  complete: z.boolean().describe('All files have arrived, not only the critical ones.'),
  save_failures: z.number(),
  save_again_at: z.iso.datetime().nullable(),
  held: z
    .object({ why: z.string(), at: z.iso.datetime() })
    .nullable()
    .describe('Its last backup left something out that cannot be remade; it waits for a person to agree.'),
  warned: z
    .object({ at: z.iso.datetime(), acts_at: z.iso.datetime(), why: z.string() })
    .nullable()
    .describe('It is idle, and when it is put to sleep unless something stirs.'),
  after_wake: z.enum(['slow', 'failed', 'done']).nullable().describe("How the workspace's command after wake went."),
});
type MachineJson = z.infer<typeof MachineJson>;

const RacerJson = z.object({
  machine_id: z.string(),
  round: z.number(),
  state: State,
  since: z.iso.datetime(),
  why: z.string(),
  offer: OfferJson,
});

const RaceJson = z.object({
  id: z.string(),
  started_at: z.iso.datetime(),
  round: z.number(),
  rounds: z.number(),
  racers: z.array(RacerJson),
});
type RaceJson = z.infer<typeof RaceJson>;

const StorageJson = z.object({
  size_bytes: z.number().describe('Of the repository and what lies beside it.'),
  vault_size_bytes: z.number().describe('Of the copy that no machine can reach.'),
  dollars_per_month: z
    .number()
    .describe('What both cost as long as they stay so, before what is free for the account.'),
  counted_at: z.iso.datetime(),
});

export const InstanceJson = WorkspaceJson.extend({
  status: z.enum(['asleep', 'waking', 'usable', 'awake', 'going to sleep', 'paused', 'stranded']),
  why: z.string(),
  since: z.iso.datetime(),
  machine: MachineJson.nullable(),
  on_standby: z.boolean().describe('It runs at its standby now, without a GPU.'),
  race: RaceJson.nullable(),
  newest_snapshot: SnapshotJson.nullable(),
  dollars_per_hour: z.number().describe('What it burns right now, all of its machines together.'),
  operation: OperationJson.nullable(),
  pulse: PulseJson.nullable().describe('What its machine says of itself; null when it was not heard lately.'),
  storage: StorageJson.nullable().describe('Null until it was first counted.'),
});
export type InstanceJson = z.infer<typeof InstanceJson>;

export const InstancesJson = z.object({
  instances: z.array(InstanceJson),
  next_cursor: NextCursor,
});
export type InstancesJson = z.infer<typeof InstancesJson>;

/** How to reach its machine. The host key is a fingerprint to compare with, not to trust on first sight. */
export const SshJson = z.object({
  instance_id: z.string(),
  machine_id: z.string(),
  address: z.object({ host: z.string(), port: z.number() }),
  host_key: z.string(),
  user: z.literal('root'),
  identity_file: z.string().nullable(),
});
export type SshJson = z.infer<typeof SshJson>;

/** Field by field: a workspace also holds its sealed password, and its environment may hold secrets. */
export function workspaceJson({
  id,
  owner,
  shares,
  createdAt,
  epoch,
  spec,
  wish,
  keep,
  standby,
  schedules,
  jobs,
}: Workspace): WorkspaceJson {
  return {
    id,
    owner,
    shares: shares.map((share) => ({ ...share, at: iso(share.at) })),
    created_at: iso(createdAt),
    epoch,
    spec: {
      image: spec.image,
      need: snaked(spec.need),
      disk_gb: spec.diskGb,
      public_keys: [...spec.publicKeys],
      environment_names: Object.keys(spec.environment),
      ports: [...spec.ports],
      include_paths: [...spec.include],
      exclude_paths: [...spec.exclude],
      file_bytes_max: spec.fileBytesMax,
      plan: spec.plan,
      backup_every_ms: spec.backupEveryMs,
      retention_days: spec.retentionDays,
      idle: present(snaked(spec.idle)) as WorkspaceJson['spec']['idle'],
      wake_image: spec.wakeImage,
      after_wake: spec.afterWake,
    },
    wish: { want: wish.want, by: wish.by, at: iso(wish.at), why: wish.why },
    keep: keep && { until: iso(keep.until), by: keep.by, why: keep.why, at: iso(keep.at) },
    standby: standby && { by: standby.by, at: iso(standby.at), dollars_per_month: standby.dollarsPerMonth },
    schedules: schedules.map(scheduleJson),
    jobs: jobs.map((job) => ({
      operation_id: job.operation,
      by: job.by,
      at: iso(job.at),
      command: programOf(job.argv),
      then_hibernate: job.thenHibernate,
      machine_id: job.machine,
    })),
  };
}

export function instanceJson(view: WorkspaceView): InstanceJson {
  return {
    ...workspaceJson(view.workspace),
    status: view.sight,
    why: view.why,
    since: iso(view.since),
    machine: view.machine && machineJson(view.machine),
    on_standby: view.machine !== null && !hasGpu(view.machine.offer),
    race: view.race && raceJson(view.race),
    newest_snapshot: view.newest && snapshotJson(view.newest),
    dollars_per_hour: view.dollarsPerHour,
    operation: view.operation && operationJson(view.operation),
    pulse: view.pulse && pulseJson(view.pulse),
    storage: view.storage && {
      size_bytes: view.storage.bytes,
      vault_size_bytes: view.storage.vaultBytes,
      dollars_per_month: view.storage.microPerMonth / MICRO,
      counted_at: iso(view.storage.countedAt),
    },
  };
}

export function sshJson(target: SshTarget): SshJson {
  const { workspace, machine, ...rest } = target;
  return { instance_id: workspace, machine_id: machine, ...snaked(rest) };
}

function machineJson(machine: Machine): MachineJson {
  return {
    id: machine.id,
    state: machine.state,
    why: machine.why,
    since: iso(machine.since),
    marketplace: machine.marketplace,
    offer: offerJson(machine.offer),
    address: machine.address && { ...machine.address },
    host_key: machine.hostKey,
    epoch: machine.epoch,
    restored_snapshot_id: machine.restored,
    complete: machine.complete,
    save_failures: machine.saveFailures,
    save_again_at: isoOrNull(machine.saveAgainAt),
    held: machine.held && { why: machine.held.why, at: iso(machine.held.at) },
    warned: machine.warned && {
      at: iso(machine.warned.at),
      acts_at: iso(machine.warned.actsAt),
      why: machine.warned.why,
    },
    after_wake: machine.afterWake,
  };
}

function raceJson(race: RaceView): RaceJson {
  return {
    id: race.id,
    started_at: iso(race.startedAt),
    round: race.round,
    rounds: race.rounds,
    racers: race.racers.map((racer) => ({
      machine_id: racer.machine,
      round: racer.round,
      state: racer.state,
      since: iso(racer.since),
      why: racer.why,
      offer: offerJson(racer.offer),
    })),
  };
}
