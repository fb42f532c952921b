import { nodeHome, releaseHome, resticFile, STATE_SECRETS, TUNNEL_TOKEN, type Wanted } from './wanted.ts';

/** What systemd is told. The engine's unit is part of its bundle: the previous one comes back with the previous release. */
export function engineUnit(wanted: Wanted, credentials: readonly string[]): string {
  const load = credentials.map((name) => `LoadCredential=${name}:/etc/dumont/current/credentials/${name}\n`).join('');
  return `[Unit]
Description=Dumont, the engine
After=network-online.target time-sync.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=simple
User=dumont
Group=dumont
WorkingDirectory=/var/lib/dumont
EnvironmentFile=/etc/dumont/current/engine.env
${load}ExecStart=${nodeHome(wanted)}/bin/node ${releaseHome(wanted)}/engine/main.ts
Restart=always
RestartSec=2
# It says three times within this that it lives, through systemd-notify; one that stands still is started anew.
WatchdogSec=120
NotifyAccess=all
# It ends by itself when asked; machines and storage outlive it.
TimeoutStopSec=60
StateDirectory=dumont
StateDirectoryMode=0700
CacheDirectory=dumont
UMask=0077
MemoryMax=80%
${HARDENED}
[Install]
WantedBy=multi-user.target
`;
}

/** Node compiles while it runs, so memory must stay writable and executable; all else that can be taken away is. */
const HARDENED = `NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
`;

/** A connection outwards, through which Cloudflare brings what is asked under our name: no port is open for it. */
export const TUNNEL_UNIT = `[Unit]
Description=Dumont, its Cloudflare Tunnel
After=network-online.target
Wants=network-online.target

[Service]
Type=notify
DynamicUser=yes
LoadCredential=${TUNNEL_TOKEN}:/etc/dumont/tunnel-token
ExecStart=/usr/bin/cloudflared --no-autoupdate tunnel run --token-file %d/${TUNNEL_TOKEN}
Restart=always
RestartSec=5
TimeoutStartSec=60
${HARDENED}
[Install]
WantedBy=multi-user.target
`;

export const FIREWALL_UNIT = `[Unit]
Description=Dumont, the firewall
Before=network-pre.target shutdown.target
Wants=network-pre.target
# The host's own rules begin with "flush ruleset", which takes ours along whenever they are read.
After=nftables.service
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service
Conflicts=shutdown.target
DefaultDependencies=no

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f /etc/dumont/firewall.nft
ExecReload=/usr/sbin/nft -f /etc/dumont/firewall.nft
ExecStop=-/usr/sbin/nft delete table inet dumont

[Install]
WantedBy=sysinit.target
`;

export const STATE_UNIT = `[Unit]
Description=Dumont, a copy of its own state
After=network-online.target
Wants=network-online.target

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/dumont-state back-up hourly
TimeoutStartSec=30min
Nice=10
`;

export const STATE_TIMER = `[Unit]
Description=Dumont, a copy of its own state every hour

[Timer]
OnCalendar=hourly
RandomizedDelaySec=10min
Persistent=yes

[Install]
WantedBy=timers.target
`;

/** What can be made again, or counts for nothing elsewhere. */
const NOT_COPIED = ['tools', 'kit', 'storage', 'local', 'logs'] as const;

/**
 * Copies the engine's state to its own bucket, and brings it back: the newest on a host that has none, or the one of a tag.
 * Secrets come from files that root alone reads, and reach restic through its environment.
 */
export function stateProgram(wanted: Wanted): string {
  const [id, secret, password] = STATE_SECRETS;
  return `#!/bin/sh
# dumont-state back-up TAG | bring-back | restore TAG (the engine stopped)
set -eu
umask 077
from=/etc/dumont/state
AWS_ACCESS_KEY_ID=$(cat $from/${id})
AWS_SECRET_ACCESS_KEY=$(cat $from/${secret})
RESTIC_PASSWORD_FILE=$from/${password}
RESTIC_REPOSITORY='${wanted.stateRepository}'
RESTIC_CACHE_DIR=/var/cache/dumont-state
AWS_DEFAULT_REGION=auto
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY RESTIC_PASSWORD_FILE RESTIC_REPOSITORY RESTIC_CACHE_DIR AWS_DEFAULT_REGION
restic() { ${resticFile(wanted)} --retry-lock 2m --quiet "$@"; }
copy() {
  restic backup --host dumont-control --tag "$1" --exclude-caches \\
    ${NOT_COPIED.map((name) => `--exclude /var/lib/dumont/${name}`).join(' ')} /var/lib/dumont
}
newest() { # 10: there is no repository, which is not the same as no answer
  code=0
  found=$(restic snapshots --json --host dumont-control latest) || code=$?
  [ $code = 0 ] || [ $code = 10 ] || exit $code
  [ $code = 0 ] && [ "$found" != '[]' ] && [ "$found" != null ]
}

case "$1" in
  back-up)
    [ -e /var/lib/dumont/installation.json ] || exit 0
    code=0
    copy "$2" || code=$?
    if [ $code = 10 ]; then
      restic init
      copy "$2"
    elif [ $code != 0 ]; then exit $code; fi
    touch /var/lib/dumont-host/state-copied # the doctor looks how old it is
    [ "$2" = hourly ] || exit 0
    restic forget --host dumont-control --group-by host --keep-within ${wanted.stateKeepDays}d --keep-monthly 12
    pruned=/var/lib/dumont-host/state-pruned
    if [ -z "$(find $pruned -mtime -7 2>/dev/null)" ]; then
      restic prune --max-repack-size 0 # what is repacked would be young, and held
      touch $pruned
    fi
    ;;
  bring-back)
    [ ! -e /var/lib/dumont/installation.json ] || exit 0
    newest || exit 0
    restic restore latest --host dumont-control --target /
    chown -R dumont:dumont /var/lib/dumont
    ;;
  restore)
    home=/var/lib/dumont
    rm -rf $home.coming
    restic restore latest:$home --host dumont-control --tag "$2" --target $home.coming
    chown -R dumont:dumont $home.coming
    rm -rf $home.failed
    mv $home $home.failed
    mv $home.coming $home
    for left in ${NOT_COPIED.join(' ')}; do
      [ ! -e $home.failed/$left ] || mv $home.failed/$left $home/$left
    done
    ;;
esac
`;
}

/**
 * `dumont` on the host, for whoever is root there: the same program, as the user who owns its state. The doctor stays root,
 * since it looks at what the engine is given.
 */
export function commandProgram(wanted: Wanted): string {
  const run = `${nodeHome(wanted)}/bin/node "$(readlink -f /etc/dumont/current/release)/engine/cli/dumont.js" "$@"`;
  return `#!/bin/sh
cd /
set -a
. /etc/dumont/current/engine.env
if [ "\${1:-}" = doctor ]; then CREDENTIALS_DIRECTORY=/etc/dumont/current/credentials exec ${run}; fi
exec setpriv --reuid=dumont --regid=dumont --clear-groups ${run}
`;
}
