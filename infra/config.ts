import * as z from 'zod';
import { Failure } from '../engine/domain/failures.ts';
import { stackMistake } from './naming.ts';
import { JURISDICTIONS, type Jurisdiction } from './storage/credentials.ts';

/** What `pulumi config` says, read once and checked whole. */
export interface Settings {
  readonly accountId: string;
  readonly location: string | null;
  readonly jurisdiction: Jurisdiction;
  readonly lockDays: number;
  readonly adopt: boolean;
  /** For the engine, as they are. */
  readonly engine: Readonly<Record<string, string>>;
  /** Null: a stack without a control host, for development. */
  readonly host: HostSettings | null;
}

export interface HostSettings {
  readonly address: { readonly host: string; readonly port: number };
  readonly hostKey: string;
  readonly user: string;
  /** Null: ssh-agent. */
  readonly sshKeyFile: string | null;
  readonly release: string;
  /** Where the API is reached from outside; null: nowhere. */
  readonly public: { readonly zoneId: string; readonly hostname: string } | null;
}

const HEX32 = /^[0-9a-f]{32}$/;
const NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i;

const text = z.string().trim().default('');
const given = (fits: RegExp, words: string) =>
  text.refine((value) => value === '' || fits.test(value), { error: `expected ${words}` });
const flag = z.enum(['true', 'false'], { error: 'expected true or false' }).default('false');
const whole = (min: number, max: number, otherwise: string) => {
  const fits = (value: string): boolean => /^\d+$/.test(value) && Number(value) >= min && Number(value) <= max;
  const error = `expected a whole number from ${min} to ${max}`;
  return z.string().default(otherwise).refine(fits, { error }).transform(Number);
};
const oneOf = <const T extends string>(names: readonly T[], otherwise: T) =>
  z.enum(names, { error: `expected one of ${names.filter((name) => name !== '').join(', ')}` }).default(otherwise);

/** Every key that is listed in Pulumi.yaml. */
export const Keys = z.object({
  accountId: given(HEX32, 'the account’s 32 hexadecimal digits').refine((value) => value !== '', {
    error: 'is needed: your Cloudflare account’s 32 hexadecimal digits',
  }),
  location: oneOf(['', 'apac', 'eeur', 'enam', 'oc', 'weur', 'wnam'], ''),
  jurisdiction: oneOf(JURISDICTIONS, 'default'),
  lockDays: whole(1, 3_650, '30'),
  adopt: flag,
  host: given(/^[0-9a-f:.]+$|^[a-z0-9.-]+$/i, 'an address or a name, without a user or a port'),
  hostKey: given(
    /^SHA256:[A-Za-z0-9+/]{43}$/,
    'a fingerprint such as SHA256:... with 43 more characters; "ssh-keyscan HOST | ssh-keygen -lf -" prints it',
  ),
  hostUser: given(/^[a-z_][a-z0-9_-]*$/, 'the name of a user').transform((value) => value || 'root'),
  hostPort: whole(1, 65_535, '22'),
  sshKeyFile: text,
  release: text.transform((value) => value || '.dumont/release.tgz'),
  zoneId: given(HEX32, 'the zone’s 32 hexadecimal digits'),
  hostname: given(NAME, 'a name such as dumont.example.com'),
});

/**
 * Given with `--secret`, all of them optional for Pulumi, which is why Pulumi.yaml cannot list them. What is named after one
 * is the setting of the engine that it becomes, handed over as a credential: another one is a line here and a line there.
 */
export const SECRETS = {
  statePassword: null,
  tunnelSecret: null,
  discordToken: 'DUMONT_DISCORD_TOKEN',
  vastKey: 'DUMONT_VAST_KEY',
  runpodKey: 'DUMONT_RUNPOD_KEY',
  gcpKey: 'DUMONT_GCP_KEY',
  secondSecretAccessKey: 'DUMONT_SECOND_S3_SECRET_ACCESS_KEY',
} as const satisfies Readonly<Record<string, `DUMONT_${string}` | null>>;
export type SecretName = keyof typeof SECRETS;
export const SECRET_NAMES = Object.keys(SECRETS) as readonly SecretName[];

/** What the program tells the engine, so that nobody else may: where it lies, and what it works with. */
const OURS =
  /^DUMONT_(HOME|PORT|HOST|RESTIC|PUBLIC_URL|TRUSTED_PROXIES|VAULT_LOCK_DAYS|S3_(ENDPOINT|BUCKET|VAULT_BUCKET|ACCESS_KEY_ID|SECRET_ACCESS_KEY))$/;
const HIDDEN = /SECRET|TOKEN|PASSWORD|_KEY$/;

/** Settings of the engine, by their own names: `pulumi config set --path settings.DUMONT_IDLE_SECONDS 600`. */
const EngineSettings = z
  .string()
  .default('{}')
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue({ code: 'custom', message: 'expected names and values' });
      return z.NEVER;
    }
  })
  .pipe(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)))
  .superRefine((given, context) => {
    for (const name of Object.keys(given)) {
      const message = settingMistake(name);
      if (message !== null) context.addIssue({ code: 'custom', path: [name], message });
    }
  });

function settingMistake(name: string): string | null {
  if (!/^DUMONT_[A-Z0-9_]+$/.test(name)) return 'expected the name of a setting of the engine, DUMONT_...';
  if (OURS.test(name)) return 'is set by "pulumi up" itself';
  return HIDDEN.test(name) ? `would lie open; secrets have names of their own (${SECRET_NAMES.join(', ')})` : null;
}

export interface GivenSecrets {
  readonly given: readonly SecretName[];
  /** Given without `--secret`, so they lie open in the stack's file. */
  readonly open: readonly SecretName[];
}

/** Reads it all. Every mistake is told at once, before anything is touched. */
export function readSettings(
  stack: { readonly project: string; readonly name: string },
  values: Readonly<Record<string, string | undefined>>,
  secrets: GivenSecrets,
): Settings {
  const read = Keys.extend({ settings: EngineSettings }).safeParse(values);
  const stackName = stackMistake(stack.project, stack.name);
  const mistakes = [
    ...(stackName === null ? [] : [stackName]),
    ...(read.success ? [] : read.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)),
    ...togetherMistakes(values, secrets),
    ...secrets.open.map((name) => `${name}: lies open; "pulumi config set --secret ${name}" hides it`),
  ];
  if (!read.success || mistakes.length > 0)
    throw new Failure('bad_setting', { why: mistakes.map((mistake) => `  ${mistake}`).join('\n') });
  const { accountId, location, jurisdiction, lockDays, adopt, settings } = read.data;
  return {
    accountId,
    location: location || null,
    jurisdiction,
    lockDays,
    adopt: adopt === 'true',
    engine: settings,
    host: hostOf(read.data),
  };
}

function hostOf(v: z.output<typeof Keys>): HostSettings | null {
  if (v.host === '') return null;
  return {
    address: { host: v.host, port: v.hostPort },
    hostKey: v.hostKey,
    user: v.hostUser,
    sshKeyFile: v.sshKeyFile || null,
    release: v.release,
    public: v.hostname === '' ? null : { zoneId: v.zoneId, hostname: v.hostname },
  };
}

/** What is wrong with values that are each right by themselves. */
function togetherMistakes(v: Readonly<Record<string, string | undefined>>, secrets: GivenSecrets): readonly string[] {
  const mistakes: string[] = [];
  if (v.host) {
    if (!v.hostKey)
      mistakes.push('hostKey: is needed with host: "ssh-keyscan HOST | ssh-keygen -lf -" prints it; compare it there');
    if (!secrets.given.includes('statePassword'))
      mistakes.push('statePassword: is needed with host: "openssl rand -base64 32" makes one; keep a copy elsewhere');
  } else if (v.hostname) mistakes.push('hostname: leads to a control host, and none is given in host');
  if (Boolean(v.hostname) !== Boolean(v.zoneId)) mistakes.push('hostname, zoneId: either both or none');
  if (v.hostname && !secrets.given.includes('tunnelSecret'))
    mistakes.push('tunnelSecret: is needed with hostname: "openssl rand -base64 32" makes one');
  return mistakes;
}
