import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { Failure } from '../domain/failures.ts';
import { DAY_MS } from '../domain/ledger.ts';
import { LEVELS } from '../domain/log.ts';
import type { MarketplaceAccount, MarketplaceAccounts } from '../domain/marketplace-account.ts';
import { microDollars } from '../domain/money.ts';
import { PLANS, type PlanName, PRICE_BOOK_NAMES } from '../domain/plan.ts';
import { Secret } from '../domain/secret.ts';
import { DEFAULTS, type Settings } from '../domain/settings.ts';
import { readStoragePrices, STORAGE_PRICES, type StoragePrices, serviceAt } from '../domain/storage-prices.ts';
import type { LogLimits } from './workspace-logs.ts';

/** What one installation is told from outside. Every variable that its engine reads is in `Variables`, and nowhere else. */
export interface Config {
  readonly home: string;
  readonly port: number;
  /** Where it listens. Other than loopback only behind a tunnel or a proxy that speaks TLS. */
  readonly host: string;
  /** Web pages of these origins may ask. */
  readonly origins: readonly string[];
  /** What these say of where a request came from is believed. */
  readonly trustedProxies: readonly string[];
  readonly logs: LogLimits;
  readonly restic: { readonly path: string | null; readonly downloadUrl: string | null };
  /** Null: the local object server is the storage. */
  readonly storage: StorageConfig | null;
  /** A bucket beside it that no machine can reach; null: there is none. The local object server has its own. */
  readonly vaultBucket: string | null;
  /** What is copied there cannot be removed or replaced for so long; the bucket's own rule must say the same. */
  readonly vaultLockMs: number;
  /** Another service, where everything is copied once more. */
  readonly second: StorageConfig | null;
  readonly local: { readonly seed: string; readonly timeScale: number };
  readonly marketplaces: MarketplaceAccounts;
  /** Where machines reach this engine by HTTP; null: through their SSH connections. */
  readonly publicUrl: string | null;
  /** Null: the token is in the file that "dumont discord setup" writes, or there is no bot. */
  readonly discord: { readonly token: Secret | null; readonly api: string };
  /** PATH for the programs we start. */
  readonly path: string;
  readonly settings: Omit<Settings, 'installation'>;
}

export interface StorageConfig {
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
}

const number = (min: number, max: number) => numeric('a number', min, max, Number.isFinite);
const whole = (min: number, max: number) => numeric('a whole number', min, max, Number.isSafeInteger);

function numeric(kind: string, min: number, max: number, is: (value: number) => boolean) {
  const fits = (text: string): boolean =>
    text.trim() !== '' && is(Number(text)) && Number(text) >= min && Number(text) <= max;
  const error = ({ input }: { input?: unknown }): string => `expected ${kind} from ${min} to ${max}, not "${input}"`;
  return z.string().refine(fits, { error }).transform(Number);
}

const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== ''),
  );

const storagePrices = z
  .string()
  .min(1)
  .refine((text) => readStoragePrices(text) !== null, {
    error: ({ input }) =>
      `expected r2, s3, b2, none, or dollars for a GB and month, a million calls that write or list, a million that read, and a GB that leaves, like 0.02,5,0.4,0.01; not "${input}"`,
  })
  .transform((text) => readStoragePrices(text) ?? STORAGE_PRICES.r2)
  .optional();

function gigabytes(plan: PlanName) {
  return number(0.001, 1_000_000)
    .default(DEFAULTS.plans[plan].storageBytesMax / 1e9)
    .describe('what the backups of a workspace on this plan may take in storage before people are told');
}

const Variables = z.object({
  DUMONT_HOME: z
    .string()
    .min(1)
    .default(join(import.meta.dirname, '../..', '.dumont'))
    .describe('where state, keys and local machines live'),
  DUMONT_PORT: whole(0, 65_535).default(7077).describe('the loopback port of the HTTP API; 0 takes any'),
  DUMONT_HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('where the API listens; anything but loopback needs a proxy or tunnel with TLS before it'),
  DUMONT_ORIGINS: list.describe('web pages of these origins may ask, comma-separated; none without it'),
  DUMONT_TRUSTED_PROXIES: list.describe('addresses or networks of proxies whose X-Forwarded-For is believed'),
  DUMONT_LOG: z.enum(LEVELS).default('INFO').describe('the least important lines to log'),
  DUMONT_LOG_DAYS: whole(1, 3_650).default(30).describe('logs are kept for so many days'),
  DUMONT_LOG_MB: number(0.01, 10_000)
    .default(5)
    .describe('what the log of one workspace may take in a day; half of it for what its machines say'),
  DUMONT_RESTIC: z.string().min(1).optional().describe('a restic of your own, 0.17 or newer'),
  DUMONT_RESTIC_URL: z.url().optional().describe('a mirror of the restic releases'),
  DUMONT_BATCH: whole(1, 15).default(DEFAULTS.race.batch).describe('machines started at once'),
  DUMONT_ROUNDS: whole(1, 10).default(DEFAULTS.race.rounds).describe('rounds of a race'),
  DUMONT_ROUND_SECONDS: number(1, 3_600)
    .optional()
    .describe('how long a round waits; 90, divided by the speed of the local marketplace'),
  DUMONT_HEDGED: z
    .enum(['yes', 'no'])
    .default('no')
    .describe('yes: another machine starts as soon as one is late, instead of a batch after each round'),
  DUMONT_INSTALL_SECONDS: number(10, 3_600)
    .default(DEFAULTS.race.deadlines.installMaxMs / 1_000)
    .describe('tools that keep arriving on a slow machine may take so long; without progress it is let go after 10'),
  DUMONT_CAP_DOLLARS: number(0.01, 1_000).default(2).describe('a race stops renting when it has cost this much'),
  DUMONT_FILE_GB_MAX: number(0.001, 10_000)
    .default(10)
    .describe('larger files are not backed up; they hold the machine until you agree'),
  DUMONT_BACKUP_SECONDS: number(10, 86_400)
    .optional()
    .describe("from one backup to the next, when something changed; without it what the workspace's plan says"),
  DUMONT_PRICE_BOOK: z
    .enum(PRICE_BOOK_NAMES)
    .default(DEFAULTS.priceBook)
    .describe('what storage is charged by in estimates'),
  DUMONT_PLAN: z.enum(PLANS).default(DEFAULTS.plan).describe('the plan of new workspaces'),
  DUMONT_FREE_GB: gigabytes('free'),
  DUMONT_PRO_GB: gigabytes('pro'),
  DUMONT_ENTERPRISE_GB: gigabytes('enterprise'),
  DUMONT_IDLE_SECONDS: number(10, 604_800)
    .default(DEFAULTS.idle.idleMs / 1_000)
    .describe('idle for this long, a machine is put to sleep'),
  DUMONT_GRACE_SECONDS: number(0, 86_400)
    .default(DEFAULTS.idle.graceMs / 1_000)
    .describe('people are warned this long before'),
  DUMONT_FIRST_SECONDS: number(0, 86_400)
    .default(DEFAULTS.idle.firstMs / 1_000)
    .describe('not in the first seconds after it was woken'),
  DUMONT_WATCHDOG_SECONDS: number(60, 518_400)
    .default(DEFAULTS.agent.watchdogMs / 1_000)
    .describe('a machine that nobody works on and that hears nothing from us for this long saves and ends itself'),
  DUMONT_PUBLIC_URL: z.url().optional().describe('where machines reach this engine; without it, through SSH'),
  DUMONT_LOCAL_SPEED: number(1, 1_000)
    .default(10)
    .describe('the local marketplace boots its machines this many times faster than real ones'),
  DUMONT_LOCAL_SEED: z.string().min(1).default('dumont').describe('another seed, other machines on offer'),
  DUMONT_VAST_KEY: z.string().min(1).optional().describe('an API key of vast.ai; machines are rented there then'),
  DUMONT_VAST_API: z.url().default('https://console.vast.ai').describe('where vast.ai is, or a stand-in for it'),
  DUMONT_RUNPOD_KEY: z.string().min(1).optional().describe('an API key of RunPod; machines are rented there then'),
  DUMONT_RUNPOD_API: z.url().default('https://api.runpod.io').describe('where RunPod is, or a stand-in for it'),
  DUMONT_GCP_KEY: z
    .string()
    .min(1)
    .optional()
    .describe('the JSON of a Google Cloud service account; standbys without a GPU are rented there then'),
  DUMONT_GCP_API: z
    .url()
    .default('https://compute.googleapis.com/compute/v1')
    .describe('where Compute Engine is, or a stand-in for it'),
  DUMONT_GCP_ZONES: list
    .default(['us-central1-a', 'us-central1-b', 'us-central1-c'])
    .describe('zones for standbys, comma-separated'),
  DUMONT_GCP_MACHINE: z
    .enum(['e2-standard-2', 'e2-standard-4', 'e2-standard-8', 'e2-standard-16'])
    .default('e2-standard-4')
    .describe('the machine type of standbys'),
  DUMONT_S3_ENDPOINT: z.url().optional().describe('an S3 endpoint such as R2; without it storage is local'),
  DUMONT_S3_BUCKET: z.string().min(1).optional(),
  DUMONT_S3_REGION: z.string().min(1).default('auto'),
  DUMONT_S3_ACCESS_KEY_ID: z.string().min(1).optional(),
  DUMONT_S3_SECRET_ACCESS_KEY: z.string().min(1).optional(),
  DUMONT_S3_VAULT_BUCKET: z
    .string()
    .min(1)
    .optional()
    .describe('a second bucket of the same service, for copies that no machine can reach'),
  DUMONT_VAULT_LOCK_DAYS: number(0.01, 3_650)
    .default(7)
    .describe('how long nothing can be removed from the vault; the lock rule of its bucket must say the same'),
  DUMONT_SECOND_S3_ENDPOINT: z.url().optional().describe('another service, where everything is copied once more'),
  DUMONT_SECOND_S3_BUCKET: z.string().min(1).optional(),
  DUMONT_SECOND_S3_REGION: z.string().min(1).default('auto'),
  DUMONT_SECOND_S3_ACCESS_KEY_ID: z.string().min(1).optional(),
  DUMONT_SECOND_S3_SECRET_ACCESS_KEY: z.string().min(1).optional(),
  DUMONT_S3_PRICES: storagePrices.describe('what storage costs: r2, s3, b2, none, or dollars a GB and month, ...'),
  DUMONT_SECOND_S3_PRICES: storagePrices.describe('the same of the other service'),
  DUMONT_DISCORD_TOKEN: z.string().min(1).optional().describe('the token of a bot; "dumont discord setup" asks for it'),
  DUMONT_DISCORD_API: z.url().default('https://discord.com/api').describe('where Discord is, or a stand-in for it'),
  PATH: z.string().default('/usr/local/bin:/usr/bin:/bin'),
});

/** Reads the environment. Every mistake in it is reported at once, in words. */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  computer = `${process.platform}-${process.arch}`,
): Config {
  const read = Variables.safeParse(withoutEmpty(environment));
  const mistakes = [
    ...unknownNames(environment),
    ...(read.success
      ? [...storageMistakes(read.data), ...reachMistakes(read.data, computer)]
      : read.error.issues.map(words)),
  ];
  if (!read.success || mistakes.length > 0)
    throw new Failure('bad_setting', { why: mistakes.map((mistake) => `  ${mistake}`).join('\n') });
  const v = read.data;
  const local = v.DUMONT_S3_ENDPOINT === undefined;
  return {
    home: resolve(v.DUMONT_HOME.replace(/^~(?=\/|$)/, homedir())),
    port: v.DUMONT_PORT,
    host: v.DUMONT_HOST,
    origins: v.DUMONT_ORIGINS,
    trustedProxies: v.DUMONT_TRUSTED_PROXIES,
    logs: { least: v.DUMONT_LOG, days: v.DUMONT_LOG_DAYS, bytesADay: v.DUMONT_LOG_MB * 1e6 },
    restic: { path: v.DUMONT_RESTIC ?? null, downloadUrl: v.DUMONT_RESTIC_URL ?? null },
    storage: local ? null : storageOf(v, 'DUMONT_S3'),
    vaultBucket: v.DUMONT_S3_VAULT_BUCKET ?? null,
    vaultLockMs: v.DUMONT_VAULT_LOCK_DAYS * DAY_MS,
    second: v.DUMONT_SECOND_S3_ENDPOINT === undefined ? null : storageOf(v, 'DUMONT_SECOND_S3'),
    local: { seed: v.DUMONT_LOCAL_SEED, timeScale: v.DUMONT_LOCAL_SPEED },
    marketplaces: accountsOf(v),
    publicUrl: v.DUMONT_PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    discord: {
      token: v.DUMONT_DISCORD_TOKEN === undefined ? null : new Secret(v.DUMONT_DISCORD_TOKEN),
      api: v.DUMONT_DISCORD_API.replace(/\/+$/, ''),
    },
    path: v.PATH,
    settings: settingsOf(v),
  };
}

type Values = z.output<typeof Variables>;

type Service = 'DUMONT_S3' | 'DUMONT_SECOND_S3';

function storageOf(v: Values, service: Service): StorageConfig {
  return {
    endpoint: v[`${service}_ENDPOINT`] ?? '',
    bucket: v[`${service}_BUCKET`] ?? '',
    region: v[`${service}_REGION`],
    accessKeyId: v[`${service}_ACCESS_KEY_ID`] ?? '',
    secretAccessKey: new Secret(v[`${service}_SECRET_ACCESS_KEY`] ?? ''),
  };
}

function accountsOf(v: Values): MarketplaceAccounts {
  const account = (key: string | undefined, api: string): MarketplaceAccount | null =>
    key === undefined ? null : { key: new Secret(key), api: api.replace(/\/+$/, '') };
  const google = account(v.DUMONT_GCP_KEY, v.DUMONT_GCP_API);
  return {
    vast: account(v.DUMONT_VAST_KEY, v.DUMONT_VAST_API),
    runpod: account(v.DUMONT_RUNPOD_KEY, v.DUMONT_RUNPOD_API),
    gcp: google && { ...google, zones: v.DUMONT_GCP_ZONES, machineType: v.DUMONT_GCP_MACHINE },
  };
}

/** Rents real machines, not only those on this computer. */
const isReal = (v: Values): boolean => Object.values(accountsOf(v)).some((account) => account !== null);

/** The local marketplace lives faster than real ones; whatever waits for a marketplace's pace goes faster with it. */
function settingsOf(v: Values): Omit<Settings, 'installation'> {
  const speed = isReal(v) ? 1 : v.DUMONT_LOCAL_SPEED;
  const { watch, release, race, save, agent, idle, plans } = DEFAULTS;
  const here = pricesOf(v.DUMONT_S3_PRICES, v.DUMONT_S3_ENDPOINT);
  return {
    ...DEFAULTS,
    // An estimate of what costs nothing here tells nobody anything: then it says what it would be elsewhere.
    prices: here === STORAGE_PRICES.none ? DEFAULTS.prices : here,
    storagePrices: { here, elsewhere: pricesOf(v.DUMONT_SECOND_S3_PRICES, v.DUMONT_SECOND_S3_ENDPOINT) },
    race: {
      ...race,
      batch: v.DUMONT_BATCH,
      rounds: v.DUMONT_ROUNDS,
      hedged: v.DUMONT_HEDGED === 'yes',
      roundMs: v.DUMONT_ROUND_SECONDS === undefined ? race.roundMs / speed : v.DUMONT_ROUND_SECONDS * 1_000,
      capMicro: microDollars(v.DUMONT_CAP_DOLLARS),
      deadlines: { ...race.deadlines, installMaxMs: v.DUMONT_INSTALL_SECONDS * 1_000 },
    },
    save: { ...save, fileBytesMax: v.DUMONT_FILE_GB_MAX * 1e9 },
    plan: v.DUMONT_PLAN,
    priceBook: v.DUMONT_PRICE_BOOK,
    plans: {
      free: { ...plans.free, storageBytesMax: v.DUMONT_FREE_GB * 1e9 },
      pro: { ...plans.pro, storageBytesMax: v.DUMONT_PRO_GB * 1e9 },
      enterprise: { ...plans.enterprise, storageBytesMax: v.DUMONT_ENTERPRISE_GB * 1e9 },
    },
    agent: {
      ...agent,
      backupEveryMs: v.DUMONT_BACKUP_SECONDS === undefined ? null : v.DUMONT_BACKUP_SECONDS * 1_000,
      watchdogMs: v.DUMONT_WATCHDOG_SECONDS * 1_000,
    },
    idle: {
      ...idle,
      idleMs: v.DUMONT_IDLE_SECONDS * 1_000,
      graceMs: v.DUMONT_GRACE_SECONDS * 1_000,
      firstMs: v.DUMONT_FIRST_SECONDS * 1_000,
    },
    watch: {
      ...watch,
      bootPollMs: Math.max(100, watch.bootPollMs / speed),
      lookMs: Math.max(1_000, watch.lookMs / speed),
    },
    release: { ...release, proofGapMs: Math.max(500, release.proofGapMs / speed) },
  };
}

/** As its address tells; where that says nothing, R2's. What lies on this computer costs nothing. */
function pricesOf(named: StoragePrices | undefined, endpoint: string | undefined): StoragePrices {
  return named ?? STORAGE_PRICES[endpoint === undefined ? 'none' : (serviceAt(endpoint) ?? 'r2')];
}

function storageMistakes(v: Values): readonly string[] {
  const mistakes = (['DUMONT_S3', 'DUMONT_SECOND_S3'] as const).flatMap((service) => {
    const given = ['ENDPOINT', 'BUCKET', 'ACCESS_KEY_ID', 'SECRET_ACCESS_KEY'] as const;
    const names = given.map((name) => `${service}_${name}` as const);
    const missing = names.filter((name) => v[name] === undefined);
    if (missing.length === 0 || missing.length === names.length) return [];
    return [`${missing.join(', ')}: needed as well, since other ${service}_ variables are set`];
  });
  const { DUMONT_S3_VAULT_BUCKET: vault, DUMONT_S3_BUCKET: bucket } = v;
  if (vault !== undefined && bucket === undefined)
    mistakes.push('DUMONT_S3_VAULT_BUCKET: without DUMONT_S3_BUCKET storage is local, and has a vault of its own');
  if (vault !== undefined && vault === bucket)
    mistakes.push(
      'DUMONT_S3_VAULT_BUCKET: it must be another bucket than DUMONT_S3_BUCKET, which machines can write to',
    );
  return mistakes;
}

/** Machines elsewhere cannot use storage that only this computer sees, and run the programs that it has. */
function reachMistakes(v: Values, computer: string): readonly string[] {
  const far = Object.entries(accountsOf(v)).filter(
    ([, account]) => account !== null && !LOOPBACK.has(new URL(account.api).hostname),
  );
  const here = v.DUMONT_S3_ENDPOINT === undefined || LOOPBACK.has(new URL(v.DUMONT_S3_ENDPOINT).hostname);
  if (far.length === 0) return [];
  const names = far.map(([name]) => `DUMONT_${name.toUpperCase()}_KEY`).join(', ');
  return [
    ...(here
      ? [
          `${names}: rented machines cannot reach storage on this computer; set DUMONT_S3_ENDPOINT and its bucket and key`,
        ]
      : []),
    ...(computer === RENTED
      ? []
      : [`${names}: rented machines are ${RENTED} and get the programs of this computer, which is ${computer}`]),
  ];
}

const RENTED = 'linux-x64';
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** A misspelt setting would silently mean its default. */
function unknownNames(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const known = new Set([...Object.keys(Variables.shape), ...OF_THE_CLI]);
  return Object.keys(environment)
    .filter((name) => name.startsWith('DUMONT_') && !name.startsWith('DUMONT_TEST_') && !known.has(name))
    .map((name) => `${name}: there is no such setting`);
}

/** What the command line reads, which may be set in the same shell: where an engine is, and who asks. */
const OF_THE_CLI = ['DUMONT_URL', 'DUMONT_TOKEN', 'DUMONT_PROFILE'] as const;

function words(issue: z.core.$ZodIssue): string {
  return `${issue.path.join('.')}: ${issue.message}`;
}

function withoutEmpty(environment: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
}
