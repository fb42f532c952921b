import { gzipSync } from 'node:zlib';
import { BOOT } from '../../domain/agent-protocol.ts';
import { Failure } from '../../domain/failures.ts';
import type { Order } from '../../domain/marketplace.ts';
import { VAST } from './answer.ts';

/**
 * What a container runs when it starts. Vast takes 4,096 letters at most, so the boot script travels packed, and its
 * configuration in a variable that is gone before anything else runs. Our keys are let in here too: those that vast knows
 * are put there when the container is made, and an account may have none.
 */
export function onstart(order: Order): { readonly script: string; readonly environment: Record<string, string> } {
  const keys = order.publicKeys.map((key) => key.replace(/[^\w@ .+/=-]/g, '')).join('\n');
  const config = Buffer.from(order.bootConfig).toString('base64');
  const script = `umask 077
root=\${DUMONT_LOCAL_ROOT:-}
mkdir -p "$root/root/.ssh" "$root${folder(BOOT.config)}"
printf '%s' "$${CONFIG}" | base64 -d >"$root${BOOT.config}"
unset ${CONFIG}
cat >>"$root/root/.ssh/authorized_keys" <<'END'
${keys}
END
chmod 600 "$root/root/.ssh/authorized_keys"
base64 -d <<'END' | gunzip | sh
${gzipSync(order.bootScript, { level: 9 }).toString('base64')}
END
`;
  const environment = { ...order.environment, [CONFIG]: config };
  check('the script for its start', script.length, ONSTART_MAX);
  check('its environment', JSON.stringify(environment).length, ENVIRONMENT_MAX);
  return { script, environment };
}

const CONFIG = 'DUMONT_BOOT_CONFIG';
const ONSTART_MAX = 4_096;
const ENVIRONMENT_MAX = 32_768;

const folder = (path: string): string => path.slice(0, path.lastIndexOf('/'));

function check(what: string, letters: number, max: number): void {
  if (letters > max)
    throw new Failure('marketplace_refused', { ...VAST, why: `${what} has ${letters} letters; ${max} is the most` });
}
