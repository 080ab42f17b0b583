# To be sourced: an overlay of this system in $root, which nobody else sees and which is gone with the script. The
# packages of the folders $1 and $2 lie in its /packages/old and /packages/new. `finish_also` is called at the end.
# Without the means for it the script says so and ends with 77.
set -euo pipefail

skip() {
  echo "skipped: $1"
  exit 77
}
fail() {
  echo "FAILED: $1"
  exit 1
}
step() { echo "== $1"; }
expect() { [ "$2" = "$3" ] || fail "$1: $2, not $3"; }

if [ -z "${PULSEKIT_IN_SANDBOX:-}" ]; then
  [ "$(id -u)" = 0 ] || skip "only root installs packages"
  unshare --mount true 2>/dev/null || skip "no mount namespaces here"
  exec unshare --mount --propagation private env PULSEKIT_IN_SANDBOX=1 "$0" "$@"
fi

scratch=$(mktemp -d)
finish_also() { true; }
finish() {
  finish_also
  umount -l "$scratch" 2>/dev/null || true # everything in it lies on it
  rmdir "$scratch" 2>/dev/null || true
}
trap finish EXIT
mount -t tmpfs none "$scratch" || skip "no tmpfs can be mounted here"
mkdir "$scratch"/{upper,work,root}
root=$scratch/root
mount -t overlay overlay -o "lowerdir=/,upperdir=$scratch/upper,workdir=$scratch/work" "$root" 2>/dev/null ||
  skip "no overlay can be mounted here"
mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs none "$root/tmp"
mount -t tmpfs none "$root/run"
mkdir -p "$root/packages/old" "$root/packages/new"
cp "$1"/*.deb "$root/packages/old"
cp "$2"/*.deb "$root/packages/new"
sandbox() { env -u PULSEKIT_IN_SANDBOX DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 chroot "$root" "$@"; }
sandbox dpkg --purge pulse-collector pulse-send libpulsekit-dev >/dev/null 2>&1 || true # this machine's own
