import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Clock } from '../../../engine/domain/ports.ts';
import type { Trap } from './traps.ts';

export interface Machine {
  readonly name: string;
  readonly zone: string;
  /** As it was asked for. */
  readonly body: InsertBody;
  readonly requestId: string | null;
  readonly createdAt: number;
  readonly number: number;
  /** Since when it starts or runs; null while it stands still. */
  upSince: number | null;
  stoppingSince: number | null;
  endedAt: number | null;
  printed: string;
  /** Hours that it ran, before the last stop. */
  ranMs: number;
}

export interface InsertBody {
  readonly name: string;
  readonly description?: string;
  readonly machineType: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly disks: readonly { readonly initializeParams?: { readonly diskSizeGb?: string } }[];
  readonly scheduling?: {
    readonly maxRunDuration?: { readonly seconds: string };
    readonly instanceTerminationAction?: 'STOP' | 'DELETE';
  };
}

export interface Operation {
  readonly name: string;
  readonly zone: string;
  readonly type: string;
  readonly target: string;
  readonly doneAt: number;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** One project, with all that happened in it. */
export interface Project {
  readonly id: string;
  readonly clock: Clock;
  readonly zones: readonly string[];
  readonly machines: Map<string, Machine>;
  readonly operations: Map<string, Operation>;
  readonly asked: string[];
  readonly traps: Set<Trap>;
  /** What the tokens are that were given, and until when. */
  readonly tokens: Map<string, number>;
  readonly publicKey: KeyObject;
  readonly email: string;
  /** The private half, for the key file. */
  readonly privateKey: string;
  bootMs: number;
}

export function openProject(clock: Clock): Project {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    id: 'standin-project',
    clock,
    zones: ['us-central1-a', 'us-central1-b', 'us-central1-c', 'europe-west4-a'],
    machines: new Map(),
    operations: new Map(),
    asked: [],
    traps: new Set(),
    tokens: new Map(),
    publicKey,
    email: 'dumont@standin-project.iam.gserviceaccount.com',
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    bootMs: 25_000,
  };
}

/** What Google hands out for a service account; tokens come from the stand-in. */
export function keyFile(project: Project, url: string): string {
  const { id, email, privateKey } = project;
  return JSON.stringify({
    type: 'service_account',
    project_id: id,
    private_key_id: 'standin',
    private_key: privateKey,
    client_email: email,
    token_uri: `${url}/token`,
  });
}

/** A machine whose time is over stops, or is deleted, as it was asked for. */
export function keepTime({ machines, clock }: Project): void {
  const now = clock.now();
  for (const machine of machines.values()) {
    const { maxRunDuration, instanceTerminationAction } = machine.body.scheduling ?? {};
    if (machine.upSince === null || !maxRunDuration || machine.endedAt !== null) continue;
    const until = machine.upSince + Number(maxRunDuration.seconds) * 1_000;
    if (now < until) continue;
    machine.ranMs += until - machine.upSince;
    machine.upSince = null;
    if (instanceTerminationAction === 'DELETE') machine.endedAt = until;
  }
}

const STOPPING_MS = 10_000;

export function statusOf(machine: Machine, { clock, bootMs }: Pick<Project, 'clock' | 'bootMs'>): string {
  const now = clock.now();
  if (machine.stoppingSince !== null && now < machine.stoppingSince + STOPPING_MS) return 'STOPPING';
  if (machine.upSince === null) return 'TERMINATED';
  const upMs = now - machine.upSince;
  return upMs < bootMs / 2 ? 'PROVISIONING' : upMs < bootMs ? 'STAGING' : 'RUNNING';
}

/** Hours that each machine ran until now, ended or not. */
export function bill({ machines, clock }: Project) {
  return [...machines.values()].map((machine) => {
    const running = machine.upSince === null ? 0 : (machine.endedAt ?? clock.now()) - machine.upSince;
    return { name: machine.name, from: machine.createdAt, until: machine.endedAt, ranMs: machine.ranMs + running };
  });
}
