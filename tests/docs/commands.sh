#!/usr/bin/env bash
# Runs the commands of a page: its ```sh blocks that say `run`, in their order, as one script. A line that ends in
# `# prints TEXT` must print just that.
#
#   commands.sh PAGE PROGRAMS    PROGRAMS is the folder of those built here
set -euo pipefail
page=$1
folder=$(mktemp -d)
finish() {
  if [ -s "$folder/pids" ]; then xargs kill -9 <"$folder/pids" 2>/dev/null || true; fi
  rm -rf "$folder"
}
trap finish EXIT

for tool in curl jq openssl; do
  if ! command -v "$tool" >/dev/null; then
    echo "skipped: there is no $tool here"
    exit 77
  fi
done

awk '
  /^```sh run$/ { inside = 1; blocks++; next }
  /^```/ { inside = 0; next }
  !inside { next }
  {
    printf "line=%d\n", NR
    at = match($0, / +# prints /)
    if (!at) { print; if ($0 ~ /&$/) print "echo $! >>\"$PIDS\""; next }
    expected = substr($0, at + RLENGTH)
    gsub(/\047/, "\047\\\047\047", expected)
    printf "printed=$(%s)\n", substr($0, 1, at - 1)
    printf "[ \"$printed\" = \047%s\047 ] || wrong \"$printed\" \047%s\047\n", expected, expected
  }
  END { if (blocks < 3) { print "exit 1" } }
' "$page" >"$folder/script"

cat >"$folder/head" <<'HEAD'
set -euo pipefail
wrong() {
  echo "$PAGE:$line: printed '$1', not '$2'"
  exit 1
}
trap 'echo "$PAGE:$line: the command failed"' ERR
HEAD
mkdir -m 700 "$folder/backups"
port=
for _ in $(seq 100); do # below those that the system gives to clients
  port=$((20000 + RANDOM % 12000))
  (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
done
cat "$folder/head" "$folder/script" >"$folder/all"
export PATH=$2:$PATH PAGE=$page PIDS=$folder/pids AS= DATA=$folder/data BACKUPS=$folder/backups LISTEN=127.0.0.1:$port
bash "$folder/all"
count=$(grep -c '^line=' "$folder/script")
echo "$page: $count lines run"
