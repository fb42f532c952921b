import { gzipSync } from 'node:zlib';
import { AGENT_HOME, BOOT } from '../../domain/agent-protocol.ts';
import type { Order } from '../../domain/marketplace.ts';

/** What the container runs instead of its image's own command. The script itself travels in the environment. */
export const START_COMMAND = `sh -c 'printf %s "$DUMONT_START" | base64 -d | gunzip | sh'`;

/** The environment of the container: the owner's, and what the script needs. */
export function startEnvironment(order: Order): Readonly<Record<string, string>> {
  return {
    ...order.environment,
    DUMONT_START: packed(START_SCRIPT),
    DUMONT_BOOT: packed(order.bootScript),
    DUMONT_CONFIG: packed(order.bootConfig),
    DUMONT_KEYS: packed(order.publicKeys.map((key) => `${key}\n`).join('')),
  };
}

const packed = (text: string): string => gzipSync(text).toString('base64');

/**
 * Starts an SSH server of our own in any Debian-like image, and the boot script beside it. Logins see what the image and
 * the owner set in the environment, and not what is ours. It may run again on the same disk, or on an empty one.
 */
const START_SCRIPT = `umask 077
root=\${DUMONT_LOCAL_ROOT:-}
unpack() { printf %s "$1" | base64 -d | gunzip; }

mkdir -p "$root/root/.ssh" "$root/${AGENT_HOME}" "$root/run/sshd"
allowed=$root/root/.ssh/authorized_keys
touch "$allowed"
unpack "$DUMONT_KEYS" | while read -r key; do
  grep -qxF "$key" "$allowed" || echo "$key" >>"$allowed"
done
unpack "$DUMONT_CONFIG" >"$root${BOOT.config}"
unpack "$DUMONT_BOOT" >"$root/${AGENT_HOME}/boot.sh"
env | grep -E '^[A-Za-z_][A-Za-z0-9_]*=' |
  grep -vE '^(DUMONT_[A-Z_]*|HOME|PWD|OLDPWD|SHLVL|HOSTNAME|_)=' >"$root/etc/environment"
chmod 644 "$root/etc/environment"
unset DUMONT_START DUMONT_BOOT DUMONT_CONFIG DUMONT_KEYS
umask 022

sh "$root/${AGENT_HOME}/boot.sh" &
PATH=$PATH:/usr/sbin
if ! command -v sshd >/dev/null 2>&1; then
  echo 'dumont: the image has no SSH server, so one is installed'
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends openssh-server; } >/dev/null 2>&1 ||
    echo 'dumont: failed: no SSH server could be installed'
fi
ssh-keygen -A >/dev/null 2>&1
exec "$(command -v sshd)" -D -e -o PermitRootLogin=prohibit-password -o PasswordAuthentication=no -o UsePAM=yes -o AllowTcpForwarding=yes -o MaxSessions=64 -o ClientAliveInterval=30
`;
