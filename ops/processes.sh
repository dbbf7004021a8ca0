# Sourced. Programs in the background by name, each with NAME.pid and NAME.log in the folder $run.
#
# A program is known by its pid and the time it began (field 22 of /proc/<pid>/stat), which a later process under the same
# pid does not share, and which is the same before and after the shell has become the program: a program that has not
# begun yet is not one that is gone.

# The time at which a process began; nothing where there is none, or only what its parent has not reaped.
began() {
  local stat fields
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
  read -ra fields <<<"${stat##*) }"  # Behind the name, which may hold anything.
  case ${fields[0]} in Z | X) ;; *) printf '%s\n' "${fields[19]}" ;; esac
}
# The pid of NAME; fails where it does not run.
pid_of() {
  local pid since
  [ -f "$run/$1.pid" ] || return 1
  read -r pid since <"$run/$1.pid" || return 1
  [ -n "$since" ] && [ "$(began "$pid")" = "$since" ] && printf '%s\n' "$pid"
}
runs() { pid_of "$1" >/dev/null; }
# start NAME PROGRAM args...
start() {
  local name=$1 since; shift
  [ -f "$run/$name.log" ] && stat -c %s "$run/$name.log" >"$run/$name.log_from" || echo 0 >"$run/$name.log_from"
  setsid nohup "$@" >>"$run/$name.log" 2>&1 </dev/null &
  since=$(began $!)
  # Where it is gone already, no process has this time.
  printf '%s %s\n' $! "${since:-gone}" >"$run/$name.pid"
}
# What NAME has written since it was last started.
log_of() {
  local from=0
  [ -f "$run/$1.log_from" ] && read -r from <"$run/$1.log_from"
  tail -c +$((from + 1)) "$run/$1.log"
}
last_lines_of() {
  printf -- '-- the end of %s:\n' "$run/$1.log"
  log_of "$1" | tail -n "${LYCEUM_LOG_LINES:-15}"
}
# stop NAME SECONDS: SIGTERM, and fails where it still runs after that time.
stop() {
  local pid tries
  if pid=$(pid_of "$1"); then
    kill -TERM "$pid" 2>/dev/null || :
    for ((tries = $2 * 20; tries > 0; tries--)); do runs "$1" || break; sleep 0.05; done
    [ $tries -gt 0 ] || return 1
  fi
  rm -f "$run/$1.pid" "$run/$1.log_from"
}
