#!/usr/bin/env bash
# Installs, uses, upgrades, removes and purges the packages by the real dpkg, in an overlay of this system that nobody
# else sees and that is gone with this script.
#
#   lifecycle.sh PACKAGES NEWER_PACKAGES CONSUMER    CONSUMER is a CMake project that uses the SDK
. "$(dirname "$0")/sandbox.sh"

pid=
finish_also() {
  if [ -n "$pid" ]; then kill -9 "$pid" 2>/dev/null || true; fi
}
cp -r "$3" "$root/tmp/consumer"
unit=/usr/lib/systemd/system/pulse-collector.service
data=/var/lib/pulse-collector
loudly() { # says what was printed, if it fails
  sandbox "$@" >"$scratch/log" 2>&1 || {
    cat "$scratch/log"
    fail "$*"
  }
}
owner() { sandbox stat -c "%U:%G %a" "$1"; }

token=lifecycle-test-token
start() { # as the unit does
  rm -f "$root/tmp/out"
  (
    umask 077
    exec env -u PULSEKIT_IN_SANDBOX PULSE_ADMIN_TOKEN=$token chroot "$root" setpriv --reuid=pulse-collector \
      --regid=pulse-collector --init-groups --inh-caps=-all --no-new-privs \
      /usr/bin/pulse-collector serve --config /etc/pulse-collector/collector.toml --listen 127.0.0.1:0
  ) >"$scratch/out" 2>"$scratch/err" &
  pid=$!
  for _ in $(seq 600); do
    url=$(sed -n 's/^listening on //p' "$scratch/out")
    [ -z "$url" ] || return 0
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  cat "$scratch/err"
  fail "the collector does not serve"
}
stop() {
  kill -TERM "$pid"
  wait "$pid" || fail "the collector ended with $?"
  pid=
}
admin() { curl -sS --fail -X POST "$url/api/admin/projects$1" -H "Authorization: Bearer $token" -d "$2"; }
member() { sed -n "s/.*\"$1\":\"\\([^\"]*\\)\".*/\\1/p"; }
events_stored() {
  curl -sS --fail "$url/api/v1/stats?start_at=2020-01-01" -H "X-Pulse-Key: $query_key" |
    sed -n 's/.*"current":{[^}]*"events":\([0-9]*\).*/\1/p'
}

step "install"
loudly sh -c 'dpkg --install /packages/old/*.deb'
expect "dpkg --audit" "$(sandbox dpkg --audit)" ""
expect "dpkg --verify" "$(sandbox dpkg --verify pulse-collector)" ""
expect "$data" "$(owner $data)" "pulse-collector:pulse-collector 750"
expect "settings" "$(owner /etc/pulse-collector/collector.toml)" "root:pulse-collector 640"
expect "login shell" "$(sandbox getent passwd pulse-collector | cut -d: -f7)" /usr/sbin/nologin
[ -L "$root/etc/systemd/system/multi-user.target.wants/pulse-collector.service" ] || fail "the unit is not enabled"
if sandbox sh -c 'command -v systemd-analyze' >/dev/null; then
  expect "systemd-analyze verify" "$(sandbox systemd-analyze verify --man=no --recursive-errors=no $unit 2>&1)" ""
fi

step "serve as the service's user"
start
expect "the process's user" "$(sandbox stat -c %U "/proc/$pid")" pulse-collector
project=$(admin "" '{"name":"shop","domain":"shop.example.com"}' | member id)
ingest_key=$(admin "/$project/keys" '{"name":"clients","scopes":["ingest"]}' | member key)
query_key=$(admin "/$project/keys" '{"name":"reports","scopes":["query"]}' | member key)
for event in one two three; do echo "{\"name\":\"$event\"}"; done |
  loudly pulse-send --endpoint "$url" --key "$ingest_key" --storage /tmp/send
expect "events stored" "$(events_stored)" 3
expect "the database" "$(owner $data/pulse.sqlite)" "pulse-collector:pulse-collector 600"
stop

step "build against libpulsekit-dev"
loudly sh -c 'cmake -S /tmp/consumer -B /tmp/build && cmake --build /tmp/build && mkdir /tmp/storage'
expect "the consumer" "$(sandbox /tmp/build/consumer /tmp/storage)" "accepted 1 queued 1"

step "upgrade"
echo '# mine' >>"$root/etc/pulse-collector/collector.toml"
echo "PULSE_ADMIN_TOKEN=$token" >"$root/etc/pulse-collector/environment"
rm "$root/etc/systemd/system/multi-user.target.wants/pulse-collector.service" # as systemctl disable does
loudly sh -c 'dpkg --install /packages/new/*.deb'
newer=$(dpkg-deb --field "$(ls "$root"/packages/new/pulse-collector_*.deb)" Version)
expect "version" "$(sandbox dpkg-query -W -f '${Version}' pulse-collector)" "$newer"
grep -q '^# mine$' "$root/etc/pulse-collector/collector.toml" || fail "the administrator's settings are gone"
expect "settings" "$(owner /etc/pulse-collector/collector.toml)" "root:pulse-collector 640"
[ ! -e "$root/etc/systemd/system/multi-user.target.wants/pulse-collector.service" ] || fail "the unit was enabled again"
start
expect "events after the upgrade" "$(events_stored)" 3
stop

step "remove"
sandbox dpkg --remove pulse-collector >/dev/null
[ ! -e "$root/usr/bin/pulse-collector" ] || fail "the program is still there"
[ ! -e "$root$unit" ] || fail "the unit is still there"
[ -s "$root$data/pulse.sqlite" ] || fail "the data is gone"
grep -q '^# mine$' "$root/etc/pulse-collector/collector.toml" || fail "the settings are gone"

step "install again, on what was left"
loudly sh -c 'dpkg --install /packages/new/pulse-collector_*.deb'
start
expect "events after the removal" "$(events_stored)" 3
stop

step "purge"
sandbox dpkg --purge pulse-collector pulse-send libpulsekit-dev >/dev/null
sandbox sh -c "dpkg --purge $(dpkg-deb --field "$(ls "$root"/packages/new/libpulsekit[0-9]*.deb)" Package)" >/dev/null
# What is new in the overlay; character devices stand for what was deleted.
left=$(cd "$scratch/upper" &&
  find . ! -type c \( -iname '*pulse-*' -o -iname '*pulsekit*' \) ! -path './packages/*' ! -path './var/lib/dpkg/*')
expect "what is left" "$left" ""
step "done"
