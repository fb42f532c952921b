import { grant, newAccount } from './account.ts';
import { serveCloudflare } from './serve.ts';

/** An account with a zone, and a token that may do all that `pulumi up` does. What is made there is gone when it ends. */
export async function showCloudflare(): Promise<AsyncDisposable> {
  const zone = '0123456789abcdef0123456789abcdef';
  const account = newAccount([zone]);
  const all = ['Workers R2 Storage Write', 'Account API Tokens Write', 'Cloudflare Tunnel Write', 'DNS Write'];
  const { value } = grant(account, ...all);
  const api = await serveCloudflare(account);
  console.log(`export CLOUDFLARE_BASE_URL=${api.baseUrl} CLOUDFLARE_API_TOKEN=${value}`);
  console.log(`# accountId ${account.id}, zoneId ${zone}. Ctrl-C ends it.`);
  return api;
}
