import { word } from './step.ts';
import type { File } from './wanted.ts';

const SSHD_CONFIG = '/etc/ssh/sshd_config.d/10-dumont.conf';

const PASSWORDS = `its sshd would go on taking passwords: a line of /etc/ssh/sshd_config, or of a file before ${SSHD_CONFIG}, says so first, or nothing includes that folder. "sshd -T | grep -i authentication" shows what is in force; mend that, then "npx pulumi up" again`;

export interface Upkeep {
  readonly file: File;
  /** Succeeds when what reads the file does as it says; other files may say otherwise, and first. */
  readonly heeded?: string;
  /** What makes it count, run after the file is there. */
  readonly apply: string | null;
}

/** What keeps a host well that nobody looks at. */
export const UPKEEP: readonly Upkeep[] = [
  {
    file: {
      path: '/etc/apt/apt.conf.d/52dumont',
      mode: '0644',
      text: `APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
Unattended-Upgrade::Automatic-Reboot "true";
Unattended-Upgrade::Automatic-Reboot-Time "04:30";
Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";
`,
    },
    apply: null,
  },
  {
    file: {
      path: '/etc/systemd/journald.conf.d/dumont.conf',
      mode: '0644',
      text: '[Journal]\nSystemMaxUse=500M\n',
    },
    apply: 'systemctl restart systemd-journald.service',
  },
  {
    file: {
      path: SSHD_CONFIG,
      mode: '0644',
      text: 'PasswordAuthentication no\nKbdInteractiveAuthentication no\n',
    },
    heeded: 'keys_only',
    // A mistake here would lock everybody out at the next restart.
    apply: `sshd -t || { rm -f ${SSHD_CONFIG}; false; }
keys_only || { rm -f ${SSHD_CONFIG}; say ${word(PASSWORDS)}; false; }
systemctl reload ssh.service`,
  },
];

export const PACKAGES = ['bzip2', 'ca-certificates', 'curl', 'nftables', 'unattended-upgrades', 'xz-utils'] as const;

export const CLOUDFLARED_KEY = '/usr/share/keyrings/cloudflare-main.gpg';

export const CLOUDFLARED_SOURCE: File = {
  path: '/etc/apt/sources.list.d/cloudflared.list',
  mode: '0644',
  text: `deb [signed-by=${CLOUDFLARED_KEY}] https://pkg.cloudflare.com/cloudflared any main\n`,
};
