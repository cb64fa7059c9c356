#!/bin/sh
# What systemd itself says of systemd/: every line understood, the node's exposure at most 1.5. Where systemd is not there, nothing.
set -eu
most=15 # tenths
units=$(cd "$(dirname "$0")/../systemd" && pwd)
if ! command -v systemd-analyze >/dev/null || [ "$(systemd-analyze --version | awk 'NR == 1 {print $2}')" -lt 250 ]; then
    echo "No systemd-analyze of version 250 or newer: the units in systemd/ are not looked at."
    exit 0
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail=0
say() {
    echo "$*" >&2
    fail=1
}

# The daemon need not be installed here: its place is taken by a program that is.
for kind in system user; do
    mkdir "$scratch/$kind"
    sed 's|^ExecStart=.*|ExecStart=/bin/true|' "$units/$kind/cwtchd.service" >"$scratch/$kind/cwtchd.service"
    said=$(XDG_RUNTIME_DIR=$scratch systemd-analyze "--$kind" verify "$scratch/$kind/cwtchd.service" 2>&1) || true
    [ -z "$said" ] || say "systemd/$kind/cwtchd.service: $said"
done

systemd-analyze security --offline=true --no-pager --threshold=$most "$units/system/cwtchd.service" >"$scratch/exposure" || {
    grep -v '^✓' "$scratch/exposure" >&2
    say "systemd/system/cwtchd.service is exposed more than $most tenths: the lines above say by what."
}

if command -v systemd-sysusers >/dev/null; then
    systemd-sysusers --dry-run "$units/sysusers.conf" >"$scratch/sysusers" 2>&1 || say "systemd/sysusers.conf: $(cat "$scratch/sysusers")"
fi
# Making the folders, in a root of our own, takes the right to give them away.
if command -v systemd-tmpfiles >/dev/null && [ "$(id -u)" -eq 0 ]; then
    mkdir -p "$scratch/root/etc"
    echo "root:x:0:0::/:" >"$scratch/root/etc/passwd"
    echo "cwtchd:x:900:900::/:" >>"$scratch/root/etc/passwd"
    printf 'root:x:0:\ncwtchd:x:900:\n' >"$scratch/root/etc/group"
    systemd-tmpfiles --root="$scratch/root" --create "$units/tmpfiles.conf" 2>"$scratch/tmpfiles" || say "systemd/tmpfiles.conf: $(cat "$scratch/tmpfiles")"
    [ "$(stat -c '%a %u' "$scratch/root/var/lib/cwtchd")" = "700 900" ] || say "systemd/tmpfiles.conf makes the home otherwise than 0700, cwtchd."
fi
exit $fail
