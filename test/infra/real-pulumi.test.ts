import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { grant, newAccount } from '../standins/cloudflare/account.ts';
import { serveCloudflare } from '../standins/cloudflare/serve.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const STACK = 'selftest';
const { env } = process;

/** A command line tool that is there already; the package of that name would go and fetch one. */
const PATH = (env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
const why = (() => {
  try {
    const plugins = execFileSync('pulumi', ['plugin', 'ls'], { env: { ...env, PATH: PATH.join(delimiter) } });
    return String(plugins).includes('cloudflare') ? null : 'Pulumi has no plugin "cloudflare"';
  } catch {
    return 'there is no Pulumi';
  }
})();
if (why !== null) console.warn(`\nSKIPPED: the real "pulumi up"; ${why}.\n`);

describe.skipIf(why !== null)('the real Pulumi', { timeout: 300_000 }, () => {
  test('goes up, finds nothing to do, refreshes, and is taken down again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dumont-pulumi-'));
    // Its command line tool keeps a stack's settings beside Pulumi.yaml.
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
      rmSync(join(ROOT, `Pulumi.${STACK}.yaml`), { force: true });
    });
    const account = newAccount();
    const token = grant(account, 'Workers R2 Storage Write', 'Account API Tokens Write');
    await using api = await serveCloudflare(account);
    const environment = {
      ...env,
      PATH: [join(ROOT, 'node_modules', 'node', 'bin'), ...PATH].join(delimiter),
      PULUMI_BACKEND_URL: `file://${folder}`,
      PULUMI_CONFIG_PASSPHRASE: 'test',
      PULUMI_SKIP_UPDATE_CHECK: '1',
      CLOUDFLARE_API_TOKEN: token.value,
      CLOUDFLARE_BASE_URL: api.baseUrl,
    };
    const pulumi = async (...argv: readonly string[]): Promise<string> => {
      const all = [...argv, '--non-interactive', '--cwd', ROOT];
      return (await promisify(execFile)('pulumi', all, { env: environment })).stdout;
    };
    const stack = ['--stack', STACK];
    await pulumi('stack', 'init', STACK);
    await pulumi('config', 'set', 'accountId', account.id, ...stack);
    await pulumi('up', '--yes', '--skip-preview', ...stack);
    expect(account.buckets.size).toBe(3);
    await pulumi('up', '--yes', '--skip-preview', '--expect-no-changes', ...stack);
    await pulumi('refresh', '--yes', '--skip-preview', '--expect-no-changes', ...stack);
    await expect(pulumi('destroy', '--yes', '--skip-preview', ...stack)).rejects.toThrow('protected');
    await pulumi('state', 'unprotect', '--all', '--yes', ...stack);
    await pulumi('destroy', '--yes', '--skip-preview', ...stack);
    expect([...account.tokens.values()].map(({ name }) => name)).toEqual(['made by hand']);
    expect(account.buckets.size).toBe(3);
  });
});
