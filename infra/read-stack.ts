import * as pulumi from '@pulumi/pulumi';
import { Failure } from '../engine/domain/failures.ts';
import { Keys, readSettings, SECRET_NAMES, SECRETS, type SecretName, type Settings } from './config.ts';
import type { Cloudflare } from './preflight.ts';

/** What `pulumi config` and the environment say about this stack. */
export interface Stack {
  readonly settings: Settings;
  readonly secret: (name: SecretName) => pulumi.Output<string> | undefined;
  /** Those that the engine gets, by the names of its settings. */
  readonly engineSecrets: Readonly<Record<string, pulumi.Output<string>>>;
  readonly cloudflare: Cloudflare;
}

export function readStack(): Stack {
  const config = new pulumi.Config();
  const values = Object.fromEntries([...Object.keys(Keys.shape), 'settings'].map((key) => [key, config.get(key)]));
  const given = SECRET_NAMES.filter((name) => config.get(name));
  const open = given.filter((name) => !hidden().includes(`${config.name}:${name}`));
  const stack = { project: pulumi.getProject(), name: pulumi.getStack() };
  return {
    settings: readSettings(stack, values, { given, open }),
    secret: (name) => config.getSecret(name),
    engineSecrets: Object.fromEntries(
      given.flatMap((name) => (SECRETS[name] === null ? [] : [[SECRETS[name], config.requireSecret(name)]])),
    ),
    cloudflare: readCloudflare(),
  };
}

/** The names of the values that are secret, as the language host tells them to every program. */
function hidden(): readonly string[] {
  // biome-ignore lint/style/noProcessEnv: Pulumi's way to tell it.
  return JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? '[]');
}

/** As its provider finds it: config first, then the environment. */
function readCloudflare(): Cloudflare {
  // biome-ignore lint/style/noProcessEnv: so does the provider.
  const { CLOUDFLARE_API_TOKEN, CLOUDFLARE_BASE_URL } = process.env;
  const config = new pulumi.Config('cloudflare');
  const token = config.get('apiToken') || CLOUDFLARE_API_TOKEN;
  if (!token)
    throw new Failure('bad_setting', {
      why: '  cloudflare:apiToken: is needed: "pulumi config set --secret cloudflare:apiToken", or CLOUDFLARE_API_TOKEN',
    });
  const baseUrl = config.get('baseUrl') || CLOUDFLARE_BASE_URL || 'https://api.cloudflare.com/client/v4';
  return { baseUrl, token };
}
