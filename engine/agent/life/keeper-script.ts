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
shift 4
child= told= nap=1
leave() {
  [ -z "$child" ] || kill "$child" 2>/dev/null
  exit 0
}
trap leave HUP INT TERM

pipe() { # 6 is the end that is written to, 8 the other one; no opening waits, since a signal would end that in some shells
  mkfifo -m 600 "$line" && exec 7<>"$line" 6>"$line" 8<"$line" && exec 7>&- && rm -f "$line"
}

pipe || exit 1
exec 4<&0 5>&1
born=$(date +%s)
"$node" ${FLAGS} "$program" live "$@" --kept=first <&4 >&5 3>&6 4<&- 5>&- 6>&- 8<&- &
child=$!
exec 4<&- 5>&- 6>&- </dev/null >/dev/null 2>&1

while :; do
  while :; do
    while IFS= read -r word; do
      [ "$word" != done ] || exit 0
      told=$word
    done <&8
    kill -0 "$child" 2>/dev/null || break # "wait" hangs now and then in some shells
    sleep 1
  done
  child=
  exec 8<&-
  [ -n "$told" ] || exit 0
  [ $(($(date +%s) - born)) -lt ${STEADY_S} ] || nap=1
  slept=0
  while [ "$slept" -lt "$nap" ]; do
    sleep 1
    slept=$((slept + 1))
  done
  nap=$((nap * 2))
  [ "$nap" -le ${NAP_MAX_S} ] || nap=${NAP_MAX_S}
  [ -e "$program" ] && pipe || exit 0
  [ ! -s "$words" ] || mv -f "$words" "$words.1"
  born=$(date +%s)
  printf '%s\\n' "$told" '{"say":"go"}' 6>&- 8<&- |
    "$node" ${FLAGS} "$program" live "$@" --kept=again 3>&6 >"$words" 2>&1 6>&- 8<&- &
  child=$!
  exec 6>&-
done
`;
