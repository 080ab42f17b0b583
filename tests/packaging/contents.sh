#!/usr/bin/env bash
# The packages hold what Debian's users expect of their names, and nothing of the folder that they were built in.
#
#   contents.sh PACKAGES SOURCE
set -euo pipefail
packages=$1
source=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0
fail() {
  echo "$1"
  failed=1
}

names=$(for deb in "$packages"/*.deb; do dpkg-deb --field "$deb" Package; done | sort | xargs)
soname=$(echo "$names" | grep -o 'libpulsekit[0-9][0-9.]*' | head -1)
[ "$names" = "libpulsekit-dev $soname pulse-collector pulse-send" ] || fail "packages: $names"

for deb in "$packages"/*.deb; do
  name=$(dpkg-deb --field "$deb" Package)
  version=$(dpkg-deb --field "$deb" Version)
  tree=$folder/$name
  dpkg-deb --raw-extract "$deb" "$tree"
  list=$(cd "$tree" && find . -path ./DEBIAN -prune -o -type f -print -o -type l -print | sort)
  has() { grep -qx "$1" <<<"$list" || fail "$name lacks $1"; }
  needs=$(dpkg-deb --field "$deb" Depends | tr , '\n' | sed 's/^ *//')
  depends() { grep -qx "$1" <<<"$needs" || fail "$name does not depend on $1"; }

  has "./usr/share/doc/$name/copyright"
  stray=$(dpkg-deb --contents "$deb" |
    awk '$2 != "root/root" || ($1 !~ /^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x|lrwxrwxrwx)$/)')
  [ -z "$stray" ] || fail "$name: owners or modes: $stray"
  [ "$(dpkg-deb --field "$deb" Description | wc -l)" -gt 1 ] || fail "$name has no description"
  while read -r file; do
    [ -f "$tree/$file" ] || continue # a link, whose target may be another package's
    if readelf -d "$tree/$file" 2>/dev/null | grep -Eq 'RPATH|RUNPATH'; then fail "$name: $file has an rpath"; fi
    if readelf -S "$tree/$file" 2>/dev/null | grep -q '\.debug_info'; then fail "$name: $file is not stripped"; fi
    if grep -Fq "$source/" "$tree/$file"; then fail "$name: $file names $source"; fi
  done <<<"$list"

  case "$name" in
    libpulsekit-dev)
      depends "$soname (= $version)"
      has "./usr/include/pulsekit/client.hpp"
      has "./usr/include/pulsekit/pulsekit.h"
      has "./usr/lib/.*/libpulsekit.so"
      has "./usr/lib/.*/cmake/pulsekit/pulsekitConfig.cmake"
      has "./usr/lib/.*/pkgconfig/pulsekit.pc"
      ;;
    "$soname")
      has "./usr/lib/.*/libpulsekit.so.${soname#libpulsekit}"
      grep -q "^libpulsekit ${soname#libpulsekit} $soname" "$tree/DEBIAN/shlibs" || fail "$name has no shlibs"
      ;;
    pulse-send)
      depends "$soname (>= .*)"
      has "./usr/bin/pulse-send"
      ;;
    pulse-collector)
      depends "libsqlite3-0 (>= .*)"
      depends "passwd"
      has "./usr/bin/pulse-collector"
      has "./usr/lib/systemd/system/pulse-collector.service"
      has "./etc/pulse-collector/collector.toml"
      has "./usr/share/doc/pulse-collector/forwarding.md"
      has "./usr/share/doc/pulse-collector/operating.md"
      # Each file in /etc is the administrator's once it is there.
      conffiles=$(grep '^\./etc/' <<<"$list" | sed 's/^\.//')
      [ "$(cat "$tree/DEBIAN/conffiles")" = "$conffiles" ] || fail "conffiles are not $conffiles"
      for script in postinst prerm postrm; do sh -n "$tree/DEBIAN/$script" || fail "$script"; done
      ;;
  esac
done
exit $failed
