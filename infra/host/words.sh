# The words in which steps are written (`steps.ts`). For /bin/sh as dash and bash have it; whoever runs it is root.
set -u
umask 077
export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
KEPT=/var/lib/dumont-host

say() { printf '%s\n' "$*" >&2; }

facts() {
  echo "fact user $(id -u)"
  echo "fact system $(. /etc/os-release 2>/dev/null && echo "${ID:-} ${ID_LIKE:-}")"
  echo "fact systemctl $(command -v systemctl)"
  echo "fact freeMB $(df -Pm /opt | awk 'NR == 2 { print $4 }')"
  [ -e $KEPT ] && echo 'fact made yes' || echo 'fact made no'
}

# One "up" at a time, and none but the one that put a firewall on trial until that is over.
alone() { # OPERATION
  operation=$1
  exec 9>/run/dumont-up.lock
  if ! flock -n 9 || on_trial_by_another; then
    say 'another "up" is at work on this host, or one whose connection broke still ends there: wait a minute, then run yours again'
    exit 75
  fi
}

on_trial_by_another() {
  systemctl is-active --quiet dumont-firewall-rollback.timer && [ "$(cat $KEPT/trial-of 2>/dev/null)" != "$operation" ]
}

begin() {
  mkdir -p $KEPT /etc/dumont/versions /opt/dumont/releases
  chmod 0700 $KEPT
  chmod 0755 /etc/dumont /opt/dumont /opt/dumont/releases
}

step() {
  if "check_$1" >/dev/null 2>&1; then return 0; fi
  # In no condition: there, a shell would go on after an error. And without the lock, which what it starts would keep.
  (set -e; "make_$1") >"$KEPT/said" 2>&1 9>&-
  code=$?
  if [ $code != 0 ]; then failed "$1" "it ended with $code"; fi
  if grep -q '^dumont: on trial$' "$KEPT/said"; then echo "trial $1"; exit 0; fi
  if ! "check_$1" >>"$KEPT/said" 2>&1; then failed "$1" 'it was made, and is still not as it should be'; fi
  echo "did $1"
}

failed() {
  echo "failed $1"
  if [ -s "$KEPT/said" ]; then tail -c 2000 "$KEPT/said" >&2; else say "$2"; fi
  exit 1
}

is_file() { # PATH SHA256 MODE
  [ "$(sha256sum < "$1" | cut -c1-64)" = "$2" ] && [ "$(stat -c '%a %U:%G' "$1")" = "$3 root:root" ]
}

put_file() { # PATH MODE < base64
  mkdir -p "$(dirname "$1")"
  case "$1" in /etc/dumont/*) ;; *) chmod 0755 "$(dirname "$1")" ;; esac
  base64 -d > "$1.new"
  chmod "$2" "$1.new"
  chown root:root "$1.new"
  sync "$1.new"
  mv "$1.new" "$1"
}

fetch() { # URL SHA256: leaves its path in $fetched
  fetched=/opt/dumont/.coming
  curl -fsSL --retry 3 --connect-timeout 20 --max-time 600 -o "$fetched" "$1" || { say "$1 cannot be fetched"; return 1; }
  [ "$(sha256sum < "$fetched" | cut -c1-64)" = "$2" ] || { say "what $1 gave is not what was pinned: its checksum differs"; return 1; }
}

have_packages() {
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || return 1
  done
}

is_up() { systemctl is-enabled --quiet "$1" && systemctl is-active --quiet "$1"; }

healthy() { # PORT SECONDS
  tries=$(($2 * 4))
  until curl -fs --max-time 5 "http://127.0.0.1:$1/healthz" >/dev/null; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.25
  done
}

# The state is copied while the engine runs, so that the copy for which it stands still is a short one. Whatever goes
# wrong from there on, the previous one comes back, and with it the state that it had: the new one may have changed it.
switch_engine() { # FOLDER PORT SECONDS
  old=$(readlink /etc/dumont/current || true)
  if [ -n "$old" ] && [ "$old" != "$1" ]; then
    tag="before-$(basename "$1")"
    copy_state 600 "$tag" || return 1
    systemctl stop dumont.service
    if ! copy_state 120 "$tag"; then
      systemctl start dumont.service
      return 1
    fi
  fi
  point_at "$1"
  since=$(date '+%F %T')
  if start_engine && healthy "$2" "$3"; then
    clean_up "$1" "$old"
    return 0
  fi
  say "the new release did not answer within $3 s:"
  journalctl --unit dumont.service --lines 20 --since "$since" --no-pager --output cat >&2 || true
  if [ -n "$old" ] && [ "$old" != "$1" ]; then
    systemctl stop dumont.service
    point_at "$old"
    /usr/local/sbin/dumont-state restore "$tag" || say 'The state from before could not be brought back, and is as the new release left it.'
    if start_engine && healthy "$2" "$3"; then say 'The previous release is back and answers.'
    else say 'The previous release was put back, and does not answer either.'; fi
  fi
  return 1
}

copy_state() { # SECONDS TAG
  timeout "$1" /usr/local/sbin/dumont-state back-up "$2" && return 0
  say 'the state could not be copied away, so nothing was switched; the running release goes on'
  return 1
}

point_at() {
  ln -sfn "$1" /etc/dumont/current.new
  mv -T /etc/dumont/current.new /etc/dumont/current
  ln -sfn /etc/dumont/current/dumont.service /etc/systemd/system/dumont.service
}

start_engine() {
  systemctl daemon-reload
  systemctl enable --quiet dumont.service || return 1
  systemctl reset-failed dumont.service 2>/dev/null || true
  systemctl restart dumont.service
}

# What neither the running bundle nor the one before it needs.
clean_up() { # IN-FORCE PREVIOUS
  for folder in /etc/dumont/versions/*; do
    case "$folder" in "$1" | "$2") ;; *) rm -rf "$folder" ;; esac
  done
  for folder in /opt/dumont/releases/*; do
    case "$folder" in "$(readlink "$1/release")" | "$(readlink "$2/release" || true)") ;; *) rm -rf "$folder" ;; esac
  done
}

sshd_says() { sshd -T -C user=root,host=localhost,addr=127.0.0.1 2>/dev/null; }

keys_only() {
  [ "$(sshd_says | grep -ixc -e 'passwordauthentication no' -e 'kbdinteractiveauthentication no')" = 2 ]
}

# Those of its sshd, and the one by which we came in; sudo hides that from its program, not its own start.
ssh_ports() {
  {
    sshd_says | sed -n 's/^port //p'
    { echo "SSH_CONNECTION=${SSH_CONNECTION:-}"; tr '\0' '\n' < "/proc/$PPID/environ"; } | sed -n 's/^SSH_CONNECTION=.* //p'
  } | sort -nu | paste -sd , -
}

# The rules in force are compared as nft prints them (less who knocked), with what it printed when they were confirmed.
is_firewall() { # FILE SHA256
  [ "$(head -n 1 "$1")" = "define ssh = { $(ssh_ports) }" ] && [ "$(tail -n +2 "$1" | sha256sum | cut -c1-64)" = "$2" ] &&
    [ "$(stat -c '%a %U:%G' "$1")" = '600 root:root' ] && [ "$(nft -t list table inet dumont | sha256sum)" = "$(cat $KEPT/firewall.sum)" ]
}

# In force at once, and gone again by itself unless somebody comes in anew and confirms.
try_firewall() { # FILE
  ports=$(ssh_ports)
  [ -n "$ports" ] || { say 'nothing tells on which ports its sshd listens, so nothing was closed'; return 1; }
  sed -i "1i define ssh = { $ports }" "$1"
  nft -c -f "$1"
  nft -t list table inet dumont > $KEPT/firewall.before 2>/dev/null || : > $KEPT/firewall.before
  systemctl stop dumont-firewall-rollback.timer 2>/dev/null || true
  echo "$operation" > $KEPT/trial-of
  systemd-run --quiet --on-active=60s --unit=dumont-firewall-rollback /bin/sh -c \
    'nft delete table inet dumont; [ ! -s '$KEPT'/firewall.before ] || nft -f '$KEPT'/firewall.before'
  nft -f "$1"
  echo 'dumont: on trial'
}

confirm_firewall() {
  set -e
  [ "$(cat $KEPT/trial-of)" = "$operation" ] && systemctl stop dumont-firewall-rollback.timer || { say 'the time to confirm is over, and the firewall is as it was'; exit 1; }
  mv /etc/dumont/firewall.nft.new /etc/dumont/firewall.nft
  nft -t list table inet dumont | sha256sum > $KEPT/firewall.sum
  systemctl daemon-reload
  systemctl enable --quiet dumont-firewall.service
  systemctl restart dumont-firewall.service
  echo done
}

remove_all() { # purge | keep
  if systemctl is-active --quiet dumont.service; then systemctl stop dumont.service; fi
  if [ -x /usr/local/sbin/dumont-state ] && [ "$1" = keep ]; then
    /usr/local/sbin/dumont-state back-up last || { systemctl start dumont.service; say 'the last copy of its state could not be made; nothing was taken down'; exit 1; }
    # Under its name it would be taken for the newest, should somebody come back here.
    [ ! -e /var/lib/dumont ] || mv /var/lib/dumont "/var/lib/dumont.left-$(date +%Y%m%d-%H%M%S)"
  fi
  for unit in dumont.service dumont-tunnel.service dumont-state.timer dumont-firewall.service; do
    systemctl disable --now --quiet "$unit" 2>/dev/null || true
  done
  nft delete table inet dumont 2>/dev/null || true
  (cd /etc/systemd/system && rm -f dumont.service dumont-tunnel.service dumont-state.service dumont-state.timer dumont-firewall.service)
  systemctl daemon-reload
  rm -rf /etc/dumont /opt/dumont /var/cache/dumont /var/cache/dumont-state $KEPT
  rm -f /usr/local/sbin/dumont /usr/local/sbin/dumont-state /etc/apt/apt.conf.d/52dumont /etc/systemd/journald.conf.d/dumont.conf /etc/ssh/sshd_config.d/10-dumont.conf
  if [ "$1" = purge ]; then rm -rf /var/lib/dumont /var/lib/dumont.failed /var/lib/dumont.left-*; fi
  echo done
}
