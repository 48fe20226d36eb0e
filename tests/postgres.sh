#!/usr/bin/env bash
# Run a command with DATABASE_URL set to a PostgreSQL server of its own, which is gone afterwards.
# Usage: tests/postgres.sh COMMAND [ARGUMENT...]
set -u
newest=$(find /usr/lib/postgresql/*/bin -name initdb 2>/dev/null | sort -V | tail -n 1)
[ -n "$newest" ] || newest=$(command -v initdb) || newest=$(pg_config --bindir 2>/dev/null)/initdb
bin=$(dirname "$newest")
if [ ! -x "$bin/initdb" ]; then
  echo "no PostgreSQL server is installed here; on Debian or Ubuntu: apt-get install postgresql" >&2
  exit 69
fi

place=$(mktemp -d)
as=()
if [ "$(id -u)" = 0 ]; then
  # PostgreSQL refuses to run as root.
  owner=postgres
  id -u postgres >/dev/null 2>&1 || owner=nobody
  chown "$owner" "$place"
  as=(setpriv "--reuid=$owner" "--regid=$(id -g "$owner")" --clear-groups)
fi
server() { (cd / && "${as[@]}" "$bin/$@"); }
# shellcheck disable=SC2317
finish() {
  server pg_ctl -D "$place/data" -m immediate stop >/dev/null 2>&1
  rm -rf "$place"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

server initdb -D "$place/data" -U towerwatch -A trust -E UTF8 --locale=C.UTF-8 --no-sync >"$place.log" 2>&1 ||
  { cat "$place.log" >&2; rm -f "$place.log"; exit 1; }
rm -f "$place.log"
for _ in 1 2 3; do
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  server pg_ctl -D "$place/data" -l "$place/log" -w -t 30 \
    -o "-p $port -k $place -h 127.0.0.1 -F -c synchronous_commit=off -c full_page_writes=off -c max_connections=200" \
    start >/dev/null 2>&1 && break
  port=
done
[ -n "$port" ] || { cat "$place/log" >&2; exit 1; }
server psql -q -h "$place" -p "$port" -U towerwatch -d postgres -c 'CREATE DATABASE towerwatch' || exit 1

DATABASE_URL="postgres://towerwatch@127.0.0.1:$port/towerwatch" "$@"
