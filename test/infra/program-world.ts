import { join } from 'node:path';
import { type Account, grant, newAccount } from '../standins/cloudflare/account.ts';
import { serveCloudflare } from '../standins/cloudflare/serve.ts';
import { cloudflareProvider } from '../standins/pulumi/cloudflare-provider.ts';
import { type DynamicProvider, dynamicProvider } from '../standins/pulumi/dynamic-provider.ts';
import { standInStack } from '../standins/pulumi/stack.ts';

const ROOT = join(import.meta.dirname, '..', '..');
export const ZONE = '0123456789abcdef0123456789abcdef';

interface WorldOptions {
  readonly secretKeys?: readonly string[];
  /** What stands between the engine and the provider of control hosts. */
  readonly through?: (provider: DynamicProvider, account: Account) => DynamicProvider;
}

/** An account at Cloudflare's stand-in and a stack of the real program on it. */
export async function programWorld(
  config: Readonly<Record<string, string>> = {},
  { secretKeys = [], through = (provider) => provider }: WorldOptions = {},
) {
  const account: Account = newAccount([ZONE]);
  const token = grant(
    account,
    'Workers R2 Storage Write',
    'Account API Tokens Write',
    'Cloudflare Tunnel Write',
    'DNS Write',
  );
  await using opening = new AsyncDisposableStack();
  const api = opening.use(await serveCloudflare(account));
  const environment = { ...ambient(), CLOUDFLARE_API_TOKEN: token.value, CLOUDFLARE_BASE_URL: api.baseUrl };
  let provider: Promise<DynamicProvider> | null = null;
  opening.defer(async () => void (await (await provider)?.[Symbol.asyncDispose]()));
  const program = standInStack({
    project: 'dumont',
    stack: 'test',
    root: ROOT,
    entry: 'infra/index.ts',
    config: named({ accountId: account.id, ...config }),
    secretKeys: secretKeys.map((key) => `dumont:${key}`),
    environment,
    cloudflare: cloudflareProvider(api.baseUrl, token.value),
    async dynamic() {
      provider ??= dynamicProvider(join(ROOT, 'infra'), environment);
      return through(await provider, account);
    },
  });
  const opened = opening.move();
  const end = async (): Promise<void> => await opened.disposeAsync();
  return { account, token, api, program, config: named, [Symbol.asyncDispose]: end };
}

/** Pulumi's names for keys. */
function named(config: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key.includes(':') ? key : `dumont:${key}`, value]),
  );
}

function ambient(): Record<string, string> {
  const { env } = process;
  return { PATH: env.PATH ?? '', HOME: env.HOME ?? '' };
}
