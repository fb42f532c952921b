import { existsSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  DeleteObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { isFailure, reasonOf } from '../domain/failures.ts';
import { dollars, microDollars } from '../domain/money.ts';
import type { Marketplace } from '../domain/ports.ts';

/** One thing that infrastructure promised. `mend` says what to do when it does not hold. */
export interface Finding {
  readonly name: string;
  readonly ok: boolean;
  readonly say: string;
  readonly mend: string | null;
}

export interface Place {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly vault: string | null;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Looks whether storage is what `pulumi up` made, with the key that the engine has. */
export async function storageFindings(place: Place, now: () => number, signal: AbortSignal): Promise<Finding[]> {
  const { endpoint, region, bucket: Bucket, vault, accessKeyId, secretAccessKey } = place;
  using client = disposable(
    new S3Client({
      endpoint,
      region,
      forcePathStyle: true,
      maxAttempts: 2,
      credentials: { accessKeyId, secretAccessKey },
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    }),
  );
  const send: Send = async (command) => {
    try {
      await client.send(command as ListObjectsV2Command, { abortSignal: signal });
      return null;
    } catch (cause) {
      if (cause instanceof S3ServiceException) return cause.name;
      throw cause;
    }
  };
  try {
    const credentials = await credentialsFinding(Bucket, send);
    const rest = credentials.ok
      ? [await scopeFinding(send), ...(vault === null ? [] : [await lockFinding(vault, send)])]
      : [];
    return [credentials, ...rest, await clockFinding(endpoint, now, signal)];
  } catch (cause) {
    const mend = 'Look whether this computer reaches it: "curl -I" its address. It is DUMONT_S3_ENDPOINT.';
    return [{ name: 'endpoint', ok: false, say: `${endpoint} does not answer: ${reasonOf(cause)}`, mend }];
  }
}

type Command = ListObjectsV2Command | ListBucketsCommand | PutObjectCommand | DeleteObjectCommand;
/** The name of the refusal; null when there was none. */
type Send = (command: Command) => Promise<string | null>;

async function credentialsFinding(Bucket: string, send: Send): Promise<Finding> {
  const refused =
    (await send(new PutObjectCommand({ Bucket, Key: 'doctor/probe', Body: 'probe' }))) ??
    (await send(new ListObjectsV2Command({ Bucket, MaxKeys: 1 }))) ??
    (await send(new DeleteObjectCommand({ Bucket, Key: 'doctor/probe' })));
  return finding(
    'credentials',
    refused === null,
    `${Bucket} can be written, listed and tidied`,
    `${Bucket} refuses: ${refused}`,
    'Run "pulumi up": it makes a key that is missing or was revoked anew, and hands it to the engine.',
  );
}

/** A key for objects cannot even name buckets, so whoever steals it cannot lift a lock. */
async function scopeFinding(send: Send): Promise<Finding> {
  const refused = await send(new ListBucketsCommand({}));
  return finding(
    'scope',
    refused !== null,
    'the key reaches objects only',
    'the key reaches more than objects of its buckets',
    'Give the engine the key that "pulumi up" makes, not one of the whole account.',
  );
}

/** An object is put there; what is held neither lets it be replaced nor, when it was, be taken away again. */
async function lockFinding(vault: string, send: Send): Promise<Finding> {
  const there = { Bucket: vault, Key: 'doctor/locked' };
  const put = await send(new PutObjectCommand({ ...there, Body: 'held' }));
  if (put !== null && !isLocked(put))
    return finding(
      'locks',
      false,
      '',
      `${vault} refuses: ${put}`,
      'Run "pulumi up": it makes the vault and a key that reaches it.',
    );
  const removed = put ?? (await send(new DeleteObjectCommand(there)));
  if (removed !== null && !isLocked(removed))
    return finding(
      'locks',
      false,
      '',
      `${vault} refuses, and not for its lock: ${removed}`,
      'Run "pulumi up", then look again.',
    );
  return finding(
    'locks',
    removed !== null,
    `${vault} lets nothing be replaced or removed`,
    `${vault} let an object be removed: history is not protected`,
    'Run "pulumi refresh" and "pulumi up": they set the lock rules of the vault again.',
  );
}

/** R2 calls it ObjectLockedByBucketPolicy. */
const isLocked = (refusal: string): boolean => refusal.includes('Locked');

/** Storage refuses requests from a clock that is 15 min off, and the engine machines whose clock is. */
async function clockFinding(endpoint: string, now: () => number, signal: AbortSignal): Promise<Finding> {
  const theirs = Date.parse((await fetch(endpoint, { method: 'HEAD', signal })).headers.get('date') ?? '');
  const seconds = Math.round(Math.abs(now() - theirs) / 1_000);
  return finding(
    'clock',
    seconds <= CLOCK_OFF_SECONDS_MAX,
    `${seconds} s from that of storage`,
    `${seconds} s from that of storage`,
    'Run "timedatectl set-ntp true" as root.',
  );
}

const CLOCK_OFF_SECONDS_MAX = 120;

export async function diskFinding(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(existing(folder));
  const freeMB = Math.floor((bavail * bsize) / 1e6);
  return finding(
    'disk',
    freeMB >= DISK_FREE_MB_MIN,
    `${freeMB} MB are free`,
    `only ${freeMB} MB are free at ${folder}`,
    'Make room: "journalctl --vacuum-size=200M" and "apt-get clean" give some back.',
  );
}

const DISK_FREE_MB_MIN = 1_000;

/** Before the first start there is no home yet, but a disk for it. */
function existing(folder: string): string {
  return existsSync(folder) ? folder : existing(dirname(folder));
}

/** `kept` is null where no engine has made a key yet. */
export function recoveryFinding(kept: boolean | null): readonly Finding[] {
  if (kept === null) return [];
  return [
    finding(
      'recovery key',
      kept,
      'a person has shown that they keep it',
      'nobody has shown yet that they keep a copy: without it a lost control host takes every backup with it',
      'Type the copy that you keep: "dumont key confirm". If there is none, "dumont key rotate" makes a new one.',
    ),
  ];
}

/** On a control host, whose state is copied away every hour. `kept` is where it notes that; elsewhere there is none. */
export function copiesFinding(kept: string, now: () => number): readonly Finding[] {
  const note = ['state-copied', 'state-looked-for'].map((name) => join(kept, name)).find((file) => existsSync(file));
  if (note === undefined) return [];
  const minutes = Math.round((now() - statSync(note).mtimeMs) / 60_000);
  return [
    finding(
      'state',
      minutes <= COPY_MINUTES_MAX,
      'the state of this host was copied away within the last hours',
      `the state of this host was not copied away for ${minutes} min`,
      'Look at "systemctl status dumont-state.timer" and "journalctl -u dumont-state"; "systemctl start dumont-state" tries again.',
    ),
  ];
}

const COPY_MINUTES_MAX = 180;

/** Whether a marketplace lets us in, and how far its credit goes. */
export async function marketplaceFinding(marketplace: Marketplace, signal: AbortSignal): Promise<Finding> {
  const { name } = marketplace;
  try {
    await marketplace.list(signal);
    const credit = (await marketplace.credit?.(signal)) ?? null;
    if (credit === null) return finding(name, true, 'it lets us in', '', '');
    return finding(
      name,
      credit >= CREDIT_MIN,
      `it lets us in; ${dollars(credit)} are left`,
      `only ${dollars(credit)} are left; at nothing it stops machines and then deletes them`,
      'Put in more credit there.',
    );
  } catch (cause) {
    if (!isFailure(cause)) throw cause;
    const mend = isFailure(cause, 'marketplace_key')
      ? `Make a key at ${name} and put it into ${String(cause.facts.setting)}.`
      : 'Look again in a while.';
    return finding(name, false, '', cause.message, mend);
  }
}

const CREDIT_MIN = microDollars(2);

/** From outside, as machines and people come. */
export async function publicFinding(url: string, signal: AbortSignal): Promise<Finding> {
  const mend = 'Look at "systemctl status dumont-tunnel"; "pulumi refresh" and "pulumi up" make it anew.';
  try {
    const { status } = await fetch(`${url}/healthz`, { signal });
    return finding('tunnel', status === 200, `${url} leads here`, `${url} answers ${status}`, mend);
  } catch (cause) {
    return finding('tunnel', false, '', `${url} does not answer: ${reasonOf(cause)}`, mend);
  }
}

function finding(name: string, ok: boolean, good: string, bad: string, mend: string): Finding {
  return { name, ok, say: ok ? good : bad, mend: ok ? null : mend };
}

function disposable(client: S3Client): S3Client & Disposable {
  return Object.assign(client, { [Symbol.dispose]: () => client.destroy() });
}
