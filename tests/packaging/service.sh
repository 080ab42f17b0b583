#!/usr/bin/env bash
# Starts, kills, upgrades and removes the packaged service under a systemd of its own: process 1 of namespaces that hold
# nothing else. The unit's hardening, Type=notify and the maintainer scripts' part with systemd are tried for real.
#
#   service.sh PACKAGES NEWER_PACKAGES
. "$(dirname "$0")/sandbox.sh"

[ -x /lib/systemd/systemd ] || skip "there is no systemd here"
cgroups=$(findmnt --noheadings --types cgroup2 --output TARGET | head -n 1)
[ -n "$cgroups" ] || skip "there are no cgroups of version 2 here"
mine=$cgroups$(sed -n 's/^0:://p' /proc/self/cgroup)
group=$cgroups/pulsekit-test-$$
mkdir "$group" 2>/dev/null || skip "no cgroup can be made here"
init=
finish_also() {
  if [ -n "$init" ]; then
    kill -9 "$init" 2>/dev/null || true
    wait "$init" 2>/dev/null || true
  fi
  echo $$ >"$mine/cgroup.procs" 2>/dev/null || true
  for _ in $(seq 50); do
    find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
    [ -d "$group" ] || break
    sleep 0.1
  done
}

umount -l "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys" || skip "no sysfs can be mounted here"
port=
for _ in $(seq 100); do # below those that the system gives to clients
  port=$((20000 + RANDOM % 12000))
  (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
done

# No service of this machine's is to be started, save what is asked for below.
rm -rf "$root"/etc/systemd/system/*.wants "$root/usr/sbin/policy-rc.d" # which forbids services in images of containers
cat >"$root/etc/systemd/system/probe.service" <<'UNIT'
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/bin/bash /probe.sh
StandardOutput=file:/probe.out
StandardError=file:/probe.out
UNIT
cat >"$root/probe.sh" <<PROBE
echo started
url=http://127.0.0.1:$port
mkdir -p /etc/pulse-collector
echo PULSE_LISTEN=127.0.0.1:$port >/etc/pulse-collector/environment
PROBE
cat >>"$root/probe.sh" <<'PROBE'
property() { systemctl show pulse-collector --property "$1" --value; }
say() { echo "$1=$2"; }
dpkg --install /packages/old/pulse-collector_*.deb >>/probe.log 2>&1
say installed "$(property ActiveState)" # the installation waited until it was ready
say ready "$(curl -sS "$url/ready")"
pid=$(property MainPID)
say user "$(stat -c %U "/proc/$pid")"
say data "$(stat -c '%U %a' /var/lib/pulse-collector)"
say privileges "$(sed -n 's/^\(CapEff\|NoNewPrivs\|Seccomp\):[[:space:]]*/\1 /p' "/proc/$pid/status" | xargs)"

systemctl kill --signal KILL pulse-collector
for _ in $(seq 300); do
  if [ "$(property NRestarts)" = 1 ] && [ "$(property ActiveState)" = active ]; then break; fi
  sleep 0.1
done
say killed "$(property NRestarts) $(property ActiveState)"

pid=$(property MainPID)
dpkg --install /packages/new/pulse-collector_*.deb >>/probe.log 2>&1
say upgraded "$(property ActiveState)"
if [ "$(property MainPID)" = "$pid" ]; then say process old; else say process new; fi
say ready "$(curl -sS "$url/ready")"

systemctl stop pulse-collector
say stopped "$(property ActiveState) $(property Result) $(property ExecMainStatus)"
systemctl start pulse-collector
pid=$(property MainPID)
dpkg --remove pulse-collector >>/probe.log 2>&1
if [ -d "/proc/$pid" ]; then say removed running; else say removed stopped; fi
echo end
PROBE
cat >"$scratch/expected" <<'EXPECTED'
started
installed=active
ready={"status":"ready"}
user=pulse-collector
data=pulse-collector 750
privileges=CapEff 0000000000000000 NoNewPrivs 1 Seccomp 2
killed=1 active
upgraded=active
process=new
ready={"status":"ready"}
stopped=inactive success 0
removed=stopped
end
EXPECTED

echo $$ >"$group/cgroup.procs"
env -i container=sandbox PATH=/usr/sbin:/usr/bin:/sbin:/bin ROOT="$root" \
  unshare --cgroup --ipc --uts --pid --fork --kill-child --mount --propagation private /bin/sh -c '
    cd "$ROOT" && mount -t proc proc proc && mount --bind -o ro proc/sys proc/sys &&
    mkdir old && pivot_root . old && umount -l /old && rmdir /old &&
    mount -t tmpfs none /sys/fs/cgroup && mkdir /sys/fs/cgroup/unified &&
    mount -t cgroup2 none /sys/fs/cgroup/unified &&
    exec setpriv --bounding-set=-sys_module,-sys_time,-sys_rawio,-syslog \
      /lib/systemd/systemd --system --unit=probe.service' >"$scratch/log" 2>&1 &
init=$!
for _ in $(seq 1200); do
  if grep -q '^end$' "$root/probe.out" 2>/dev/null || ! kill -0 "$init" 2>/dev/null; then break; fi
  sleep 0.1
done
if [ ! -s "$root/probe.out" ]; then
  cat "$scratch/log"
  skip "systemd does not run here"
fi
cat "$root/probe.out"
diff "$scratch/expected" "$root/probe.out" || {
  cat "$root/probe.log"
  fail "it went otherwise"
}
