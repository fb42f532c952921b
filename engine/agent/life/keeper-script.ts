import { LIVE_FLAGS } from './live-flags.ts';

/** One that lived for so long has not died of what it died of before. */
const STEADY_S = 300;
const NAP_MAX_S = 300;
const FLAGS = LIVE_FLAGS.join(' ');

/**
 * The shell that starts the agent that lives on the machine, and starts it again when it was killed. It knows what to tell
 * the next one from a pipe, and keeps that in memory alone, since secrets are in it. The agent writes `done` when it ends
 * because it was told to, or because another one lives; the end of the pipe without that is a death. Without a first word it
 * ends with the agent: whoever started both hears why.
 */
export const KEEPER = `
line=$1.$$ words=$2 node=$3 program=$4
for left in "$1".*; do kill -0 "\${left##*.}" 2>/dev/null || rm -f "$left"; done
shift 4
mkfifo -m 600 "$line" || exit 1
child= told= nap=1
leave() {
  [ -z "$child" ] || kill "$child" 2>/dev/null
  rm -f "$line"
  exit 0
}
trap leave HUP INT TERM

exec 4<&0 5>&1
born=$(date +%s)
"$node" ${FLAGS} "$program" live "$@" --kept=first <&4 >&5 3>"$line" 4<&- 5>&- &
child=$!
exec 4<&- 5>&- </dev/null >/dev/null 2>&1

while :; do
  while IFS= read -r word; do
    [ "$word" != done ] || break 2
    told=$word
  done <"$line"
  wait "$child"
  [ -n "$told" ] && [ -e "$program" ] || break
  [ $(($(date +%s) - born)) -lt ${STEADY_S} ] || nap=1
  sleep "$nap" &
  child=$!
  wait "$child"
  nap=$((nap * 2))
  [ "$nap" -le ${NAP_MAX_S} ] || nap=${NAP_MAX_S}
  [ -p "$line" ] || break
  [ ! -s "$words" ] || mv -f "$words" "$words.1"
  born=$(date +%s)
  printf '%s\\n' "$told" '{"say":"go"}' |
    "$node" ${FLAGS} "$program" live "$@" --kept=again 3>"$line" >"$words" 2>&1 &
  child=$!
done
child=
leave
`;
