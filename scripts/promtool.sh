#!/bin/sh
# Print the path of a promtool: the installed one, or one taken out of Debian's package into DIR (no root; no Prometheus
# is installed or started).  usage: scripts/promtool.sh DIR
set -eu
dir=$1
if command -v promtool; then exit 0; fi
if [ ! -x "$dir/promtool" ]; then
    mkdir -p "$dir"
    work=$(mktemp -d "$dir/promtool.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    (cd "$work" && apt-get -q download prometheus && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool) >"$work/log" 2>&1 || {
        tail -n 3 "$work/log" >&2
        exit 1
    }
    mv "$work/usr/bin/promtool" "$dir/promtool"
fi
echo "$dir/promtool"
