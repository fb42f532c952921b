import { AGENT_HOME, BOOT } from '../../domain/agent-protocol.ts';

/**
 * Runs as root whenever the machine starts: lets our keys in as root, which Debian's image forbids, and begins the boot
 * script. Both lie in the machine's own metadata, whose server answers on that machine alone.
 */
export const STARTUP_SCRIPT = `#!/bin/sh
umask 077
metadata() {
  curl -sf -H 'Metadata-Flavor: Google' "http://metadata.google.internal/computeMetadata/v1/instance/attributes/$1"
}
mkdir -p /root/.ssh /${AGENT_HOME} /workspace /data
metadata dumont-keys | while read -r key; do
  grep -qxF "$key" /root/.ssh/authorized_keys 2>/dev/null || echo "$key" >>/root/.ssh/authorized_keys
done
metadata dumont-environment >>/etc/environment
echo 'PermitRootLogin prohibit-password' >/etc/ssh/sshd_config.d/00-dumont.conf
chmod 644 /etc/ssh/sshd_config.d/00-dumont.conf
systemctl reload-or-restart ssh
metadata dumont-config >${BOOT.config}
metadata dumont-boot >/${AGENT_HOME}/boot.sh
exec sh /${AGENT_HOME}/boot.sh
`;
