# Sourced. watched WHAT LOG COUNT COMMAND...: runs a command whose output nobody wants to read while it goes well.
#
# All of it goes to the file LOG. Of it one line is shown, with what is done, how far it is and how long it has taken: on a
# terminal written over, else again every LYCEUM_PROGRESS_S (20) seconds. When the command fails, the end of its output is
# shown, and where the rest is. The result is the command's.
#   COUNT   a function that is called with each line, and sets `done_now`, `done_of` and `done_what` where it tells them
watched() {
  local what=$1 log=$2 count=$3 line code begun=$SECONDS said=$SECONDS every=${LYCEUM_PROGRESS_S:-20} shown=0
  local done_now=0 done_of=0 done_what=''
  shift 3
  mkdir -p "$(dirname "$log")"; : >"$log"
  [ -t 1 ] && every=0
  exec {from}< <("$@" 2>&1 </dev/null)
  local pid=$!
  while true; do
    # What was read when the time is over is the begin of a line: the rest of it comes with the next read.
    line=''; code=0
    IFS= read -r -t 5 -u "$from" line || code=$?
    if [ "$code" -gt 128 ]; then
      printf '%s' "$line" >>"$log"
    elif [ "$code" != 0 ]; then
      break
    else
      printf '%s\n' "$line" >>"$log"
      "$count" "$line"
    fi
    if [ $((SECONDS - said)) -ge "$every" ]; then
      said=$SECONDS
      watched_line "$what" "$done_now" "$done_of" "$done_what" $((SECONDS - begun))
      shown=1
    fi
  done
  printf '%s' "$line" >>"$log"  # An end without a line feed.
  exec {from}<&-
  code=0; wait "$pid" || code=$?
  [ -t 1 ] && [ "$shown" = 1 ] && printf '\r\033[K'
  if [ "$code" != 0 ]; then
    printf '== %s failed after %s s. The end of %s:\n' "$what" $((SECONDS - begun)) "$log" >&2
    tail -n "${LYCEUM_LOG_LINES:-40}" "$log" >&2
    return "$code"
  fi
  printf '== %s: done in %s s\n' "$what" $((SECONDS - begun))
}
watched_line() {
  local text="== $1"
  [ "$3" = 0 ] || text+=": $2 of $3"
  text+=", $5 s${4:+: $4}"
  if [ -t 1 ]; then printf '\r\033[K%.*s' $((${COLUMNS:-$(tput cols 2>/dev/null || echo 80)} - 1)) "$text"; else printf '%s\n' "$text"; fi
}
counts_nothing() { :; }
# Ninja's "[12/90] Building CXX object lib/base/..."
counts_ninja() {
  [[ $1 =~ ^\[([0-9]+)/([0-9]+)\]\ (.*) ]] || return 0
  done_now=${BASH_REMATCH[1]} done_of=${BASH_REMATCH[2]} done_what=${BASH_REMATCH[3]##* }
  done_what=${done_what%%/CMakeFiles/*}
}
# apt-get's packages, each unpacked and then set up; `done_of` from its own announcement of how many there are.
counts_apt() {
  if [[ $1 =~ ([0-9]+)\ newly\ installed ]]; then
    done_of=$((2 * BASH_REMATCH[1]))
  elif [[ $1 =~ ^(Unpacking|Setting\ up)\ ([^\ ]+) ]]; then
    done_now=$((done_now + 1)) done_what="${BASH_REMATCH[1],} ${BASH_REMATCH[2]}"
  elif [[ $1 =~ ^Get:[0-9]+\ [^\ ]+\ [^\ ]+\ [^\ ]+\ ([^\ ]+) ]]; then
    done_what="downloading ${BASH_REMATCH[1]}"
  fi
}
