#!/bin/sh
# Runs the mosis command line in the container, the server included, and becomes it: signals reach it directly.
# Started as root, it first gives the folders of data and backups to PUID and PGID and then runs as those, without any
# right of root. Started as another user (`user:` of a compose file), it changes nothing.
set -eu

fail() {
  echo "mosis: $1" >&2
  exit 1
}

app=${MOSIS_APP:-/app}
data=${DATA_DIR:-/data}
backup=
case ${BACKUP_URL:-} in file:///*) backup=${BACKUP_URL#file://} ;; esac
command=${1:-}

# The same memory settings as `npm start`; what the environment has already, wins.
flags=
while IFS='=' read -r name value; do
  case $name in
    '' | '#'*) ;;
    NODE_FLAGS) flags=$value ;;
    *) printenv "$name" >/dev/null || export "$name=$value" ;;
  esac
done <"$app/apps/api/memory.env"

if [ -z "${LITESTREAM_PATH:-}" ] && [ -x /opt/litestream/litestream ]; then
  export LITESTREAM_PATH=/opt/litestream/litestream
fi
export HOME=/tmp

# shellcheck disable=SC2086 # The flags are words of their own.
set -- node $flags "$app/apps/api/dist/main.js" "$@"

if [ "$(id -u)" -eq 0 ]; then
  uid=${PUID:-1000}
  gid=${PGID:-1000}
  case $uid$gid in *[!0-9]*) fail "PUID and PGID must be numbers, as \`id\` prints them; they are '$uid' and '$gid'." ;; esac
  [ "$uid" -gt 0 ] && [ "$gid" -gt 0 ] || fail "PUID and PGID must not be 0: the server does not run as root."
  drop="setpriv --reuid=$uid --regid=$gid --clear-groups --inh-caps=-all --ambient-caps=-all --bounding-set=-all --no-new-privs"
else
  drop=
fi

# Gives a folder to the user, and what is in it: only what is not theirs yet, on this file system, links as they are.
# `@eaDir` is what DSM puts beside files for itself.
# Nothing but the server looks into the folder: a command beside it must not wait for a walk over every package.
give() {
  depth=
  [ "$command" = serve ] || depth='-maxdepth 0'
  # shellcheck disable=SC2086 # One option and its value.
  find "$1" -xdev $depth -name @eaDir -prune -o \( ! -uid "$uid" -o ! -gid "$gid" \) -exec chown -h "$uid:$gid" {} + ||
    echo "mosis: some of $1 could not be given to $uid:$gid; going on." >&2
}

[ -d "$data" ] || fail "$data is not there. Mount a folder at that place (volumes: in the compose file)."
if [ -n "$drop" ]; then
  give "$data"
  if [ -n "$backup" ] && [ -d "$backup" ]; then give "$backup"; fi
fi
$drop test -w "$data" ||
  fail "user $($drop id -u) (group $($drop id -g)) cannot write to $data. Give the folder to them, or set PUID and PGID to its owner."

# shellcheck disable=SC2086 # The same.
exec $drop "$@"
