import assert from 'node:assert/strict';
import { basename } from 'node:path/posix';
import { AGENT, AGENT_HOME, BOOT } from '../domain/agent-protocol.ts';
import type { Tool } from '../domain/ports.ts';

export interface ToolToFetch {
  readonly name: Tool['name'];
  /** Of the program, unpacked. */
  readonly sha256: string;
  /** Opens one object of storage for a short while: a secret. */
  readonly url: string;
}

/**
 * What the boot script reads, as JSON with one tool a line, because a shell can read nothing else safely: the quotes are
 * its separators, so none may stand inside a value.
 */
export function bootConfig(tools: readonly ToolToFetch[]): string {
  const lines = tools.map(({ name, sha256, url }) => {
    assert(/^[!#-[\]-~]+$/.test(url), `the URL of ${name} holds a character that the boot script cannot read`);
    return JSON.stringify([sha256, FILES[name], url]);
  });
  return `{"tools":[\n${lines.join(',\n')}\n]}\n`;
}

const FILES: Readonly<Record<Tool['name'], string>> = {
  node: basename(AGENT.node),
  agent: basename(AGENT.program),
  restic: basename(AGENT.restic),
};

/**
 * Runs on the machine while its SSH server comes up: says which host keys it has, and fetches the tools side by side. A
 * tool appears under its name only when it is whole and its hash was compared. Any POSIX shell runs it, any number of
 * times. A machine without a root of its own says in DUMONT_LOCAL_ROOT where its files lie.
 */
export function bootScript(): string {
  return `#!/bin/sh
umask 077
root=\${DUMONT_LOCAL_ROOT:-}
keys=$root/etc/ssh
home=$root/${AGENT_HOME}
config=$root${BOOT.config}
done=$root${BOOT.done}
failed=$root${BOOT.failed}

say() { echo "dumont: $*"; }
have() { command -v "$1" >/dev/null 2>&1; }

# Readers see the whole file or none of it.
leave() {
  printf '%s\\n' "$2" >"$1.$$" && mv -f "$1.$$" "$1"
}

fingerprints() {
  for key in "$keys"/ssh_host_*_key.pub; do
    [ -s "$key" ] || continue
    if have ssh-keygen; then ssh-keygen -l -E sha256 -f "$key"
    elif have python3; then python3 -c '
import base64, hashlib, sys
blob = base64.b64decode(open(sys.argv[1]).read().split()[1])
print("SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("="))' "$key"
    fi
  done 2>/dev/null
}

# The image makes its keys while we run. A set that is still growing must not be believed, so it is said once it has
# stayed the same for a second, and again whenever it changes.
say_host_keys() {
  before= said= seconds=0
  while [ $seconds -lt ${KEYS_SECONDS} ]; do
    now=$(fingerprints)
    if [ -n "$now" ] && [ "$now" = "$before" ] && [ "$now" != "$said" ]; then
      echo "$now" | while read -r line; do say "host key $line"; done
      said=$now
    fi
    if [ -n "$said" ] && { [ -e "$done" ] || [ -e "$failed" ]; }; then return; fi
    before=$now seconds=$((seconds + 1))
    sleep 1
  done
}

# Sends what lies at a URL to standard output. The URL is a secret: it travels on standard input, since \`ps\` shows
# arguments, and no program may print it.
fetch() {
  if have curl; then
    curl -q --config - --fail --silent --show-error --location --connect-timeout 10 --speed-limit 1000 --speed-time 20 <<END
url = "$1"
END
  elif wget --version 2>/dev/null | grep -q 'GNU Wget'; then
    wget --quiet --tries=1 --timeout=20 --output-document=- --input-file=- <<END
$1
END
  elif have python3; then
    python3 -c '
import shutil, sys, urllib.request
try:
    shutil.copyfileobj(urllib.request.urlopen(sys.stdin.readline().strip(), timeout=20), sys.stdout.buffer)
except Exception as error:
    sys.exit(str(error))' <<END
$1
END
  else
    echo 'neither curl, GNU wget nor python3 is on this machine' >&2
    return 127
  fi
}

digest() {
  if have sha256sum; then sha256sum <"$1" | cut -c 1-64
  else python3 -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())' <"$1"
  fi
}

words() { tr '\\n' ' ' <"$1" | cut -c 1-200; }

# Each tool has a process of its own, so these names are not shared.
bring() {
  sha256=$1 target=$home/$2 url=$3
  part=$target.$$.part
  trap 'rm -f "$part" "$part.fetch" "$part.code" "$part.unpack"' EXIT
  if [ -f "$target" ] && [ "$(digest "$target")" = "$sha256" ]; then
    say "$2 is already here"
    return 0
  fi
  tries=0
  while [ $tries -lt ${TRIES} ]; do
    tries=$((tries + 1))
    [ $tries -eq 1 ] || sleep 1
    { fetch "$url" 2>"$part.fetch"; echo $? >"$part.code"; } | gunzip -c >"$part" 2>"$part.unpack"
    unpacked=$?
    code=$(cat "$part.code")
    if [ "$code" != 0 ]; then why="$2 could not be fetched: $(words "$part.fetch") (exit $code)"
    elif [ $unpacked != 0 ]; then why="$2 could not be unpacked: $(words "$part.unpack")"
    elif [ "$(digest "$part")" != "$sha256" ]; then why="$2 is not what was promised: its hash differs"
    elif ! chmod 755 "$part" || ! mv -f "$part" "$target"; then why="$2 could not be put in its place"
    else
      say "$2 is here"
      return 0
    fi
    say "$why"
  done
  leave "$target.failed.$$" "$why"
  return 1
}

mkdir -p "$home"
rm -f "$done" "$failed" "$home"/*.failed.*
say_host_keys &
watcher=$!

bringing=
why=
if [ -r "$config" ]; then
  chmod 600 "$config"
  while IFS='"' read -r _ sha256 _ name _ url _; do
    case $name in
      '') ;;
      */* | . | ..) why="$config names a file outside of $home: $name" ;;
      *)
        (bring "$sha256" "$name" "$url") &
        bringing="$bringing $!"
        ;;
    esac
  done <"$config"
  [ -n "$bringing" ] || why="$config names no tools"
else
  why="there is no $config"
fi

for pid in $bringing; do wait "$pid" || why="\${why:-$(cat "$home"/*.failed.* 2>/dev/null | tr '\\n' ' ')}"; done
rm -f "$home"/*.failed.*
if [ -z "$why" ]; then
  leave "$done" "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
  say 'all tools are here'
else
  leave "$failed" "$why"
  say "failed: $why"
fi
wait "$watcher"
[ -z "$why" ]
`;
}

/** Each tool is asked for this often. */
const TRIES = 3;
/** An image that has not made its SSH host keys by then is not going to. */
const KEYS_SECONDS = 120;
