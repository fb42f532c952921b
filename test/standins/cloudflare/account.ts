import { randomBytes, randomUUID } from 'node:crypto';
import type { LifecycleRule, LockRule } from '../../../infra/storage/rules.ts';

/** What one account holds, and how it may misbehave. Tests read and change it as they like. */
export interface Account {
  readonly id: string;
  /** Opened once in the dashboard by a person. */
  r2Enabled: boolean;
  readonly buckets: Map<string, Bucket>;
  readonly tokens: Map<string, Token>;
  readonly tunnels: Map<string, Tunnel>;
  readonly zones: Map<string, Map<string, DnsRecord>>;
  /** The next requests are answered with these instead of being heard. */
  readonly troubles: { status: number; code: number; message: string }[];
  readonly asked: string[];
}

export interface Bucket {
  readonly name: string;
  readonly jurisdiction: string;
  readonly location: string;
  readonly storage_class: string;
  readonly creation_date: string;
  lifecycle: readonly LifecycleRule[] | null;
  locks: readonly LockRule[];
  /** Objects in it; Cloudflare deletes only empty ones. */
  objects: number;
}

export interface Policy {
  readonly effect: 'allow' | 'deny';
  readonly permission_groups: readonly { readonly id: string; readonly name?: string | undefined }[];
  readonly resources: Readonly<Record<string, unknown>>;
}

export interface Token {
  readonly id: string;
  value: string;
  name: string;
  status: string;
  policies: readonly Policy[];
  readonly issued_on: string;
}

export interface Tunnel {
  readonly id: string;
  name: string;
  secret: string;
  readonly config_src: string;
  readonly created_at: string;
  deleted_at: string | null;
  /** Connectors that hold a line to Cloudflare, by their ids. */
  readonly connections: Map<string, Connection>;
  config: unknown;
  version: number;
}

export interface Connection {
  readonly opened_at: string;
  readonly cut: () => void;
}

export interface DnsRecord {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly proxied: boolean;
  readonly ttl: number;
}

/** Names and scopes as the API lists them; only the first has an id that Cloudflare's own pages show. */
export const PERMISSION_GROUPS = [
  group('2efd5506f9c8494dacb1fa10a3e7d5b6', 'Workers R2 Storage Bucket Item Write', 'com.cloudflare.edge.r2.bucket'),
  group('6a018a9f2fc74eb6b293b0c548f38b39', 'Workers R2 Storage Bucket Item Read', 'com.cloudflare.edge.r2.bucket'),
  group('bf7481a1826f439697cb59a20b22293e', 'Workers R2 Storage Write', 'com.cloudflare.api.account'),
  group('00000000000000000000000000000a01', 'Account API Tokens Write', 'com.cloudflare.api.account'),
  group('00000000000000000000000000000a02', 'Cloudflare Tunnel Write', 'com.cloudflare.api.account'),
  group('00000000000000000000000000000a03', 'DNS Write', 'com.cloudflare.api.account.zone'),
] as const;

function group(id: string, name: string, scope: string) {
  return { id, name, scopes: [scope] } as const;
}

export function newAccount(zones: readonly string[] = []): Account {
  return {
    id: hex(16),
    r2Enabled: true,
    buckets: new Map(),
    tokens: new Map(),
    tunnels: new Map(),
    zones: new Map(zones.map((zone) => [zone, new Map()])),
    troubles: [],
    asked: [],
  };
}

/** A token that a person would make in the dashboard, with these permissions on the whole account. */
export function grant(account: Account, ...permissions: readonly string[]): Token {
  const groups = PERMISSION_GROUPS.filter(({ name }) => permissions.includes(name));
  const resources = { [`com.cloudflare.api.account.${account.id}`]: '*' };
  return addToken(account, 'made by hand', [{ effect: 'allow', permission_groups: groups, resources }]);
}

export function addToken(account: Account, name: string, policies: readonly Policy[]): Token {
  const id = hex(16);
  const issued_on = new Date().toISOString();
  const token: Token = {
    id,
    value: randomBytes(30).toString('base64url'),
    name,
    status: 'active',
    policies,
    issued_on,
  };
  account.tokens.set(id, token);
  return token;
}

export const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
export const uuid = (): string => randomUUID();
export const bucketKey = (jurisdiction: string, name: string): string => `${jurisdiction}/${name}`;
