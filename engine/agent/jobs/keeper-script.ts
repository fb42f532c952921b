const CUT_S = 2;

/**
 * The shell that stands between us and a job. It belongs to the job's own session, outlives every agent, and writes down
 * how the job ended. Only one of those that are started for a job gets the claim and runs it.
 *
 * The job writes straight into a file: nothing that could break is between it and what it prints. A file that grew too
 * large is cut every few seconds.
 */
export const KEEPER = `
state=$1 output=$2 cap=$3
shift 3
trap : HUP INT QUIT TERM # who ends the whole group must not end the one who writes down how it ended
mkdir "$state/claim" 2>/dev/null || exit 0
{ echo $$; cat /proc/$$/stat /proc/sys/kernel/random/boot_id; } > "$state/keeper.new" 2>/dev/null
mv "$state/keeper.new" "$state/keeper"

say() { # what people find beside the output
  { cat "$state/meta"; printf ',"endedAt":%s,"code":%s}\\n' "$1" "$2"; } > "\${output%/*}/meta.json.new" &&
    mv "\${output%/*}/meta.json.new" "\${output%/*}/meta.json"
}
trim() {
  [ "$(wc -c < "$output")" -gt "$cap" ] || return 0
  : > "$state/dropped"
  dd if=/dev/null of="$output" bs=1 seek="$cap" 2>/dev/null
}

: >> "$output"
say null null
while sleep ${CUT_S} && kill -0 $$ 2>/dev/null; do trim; done &
cutter=$!
(exec "$@") >> "$output" 2>&1 < /dev/null
code=$?
kill "$cutter" 2>/dev/null
trim
[ ! -e "$state/dropped" ] ||
  printf '\\n[dumont: it printed more than %s bytes; the rest was dropped]\\n' "$cap" >> "$output"
say "\\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\\"" "$code"
echo "$code" > "$state/code.new"
sync "$output" "$state/code.new" 2>/dev/null || sync
mv "$state/code.new" "$state/code"
sync "$state" 2>/dev/null || sync
`;
