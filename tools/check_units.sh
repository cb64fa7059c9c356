#!/bin/sh
# What systemd itself says of systemd/: every line understood, a node's exposure at most 1.5. Where systemd is not there, nothing.
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
for unit in system/cwtchd system/cwtchd-server user/cwtchd; do
    kind=${unit%%/*}
    mkdir -p "$scratch/$kind"
    sed 's|^ExecStart=.*|ExecStart=/bin/true|' "$units/$unit.service" >"$scratch/$unit.service"
    said=$(XDG_RUNTIME_DIR=$scratch systemd-analyze "--$kind" verify "$scratch/$unit.service" 2>&1) || true
    [ -z "$said" ] || say "systemd/$unit.service: $said"
done

for node in cwtchd cwtchd-server; do
    systemd-analyze security --offline=true --no-pager --threshold=$most "$units/system/$node.service" >"$scratch/exposure" || {
        grep -v '^✓' "$scratch/exposure" >&2
        say "systemd/system/$node.service is exposed more than $most tenths: the lines above say by what."
    }
done

for users in sysusers sysusers-server; do
    command -v systemd-sysusers >/dev/null || continue
    systemd-sysusers --dry-run "$units/$users.conf" >"$scratch/sysusers" 2>&1 || say "systemd/$users.conf: $(cat "$scratch/sysusers")"
done
# Making the folders, in a root of our own, takes the right to give them away.
if command -v systemd-tmpfiles >/dev/null && [ "$(id -u)" -eq 0 ]; then
    mkdir -p "$scratch/root/etc"
    echo "root:x:0:0::/:" >"$scratch/root/etc/passwd"
    printf '%s\n' "cwtchd:x:900:900::/:" "cwtchd-server:x:901:901::/:" >>"$scratch/root/etc/passwd"
    printf 'root:x:0:\ncwtchd:x:900:\ncwtchd-server:x:901:\n' >"$scratch/root/etc/group"
    for node in cwtchd cwtchd-server; do
        folders=tmpfiles${node#cwtchd}.conf
        user=$(awk -F: -v name="$node" '$1 == name {print $3}' "$scratch/root/etc/passwd")
        systemd-tmpfiles --root="$scratch/root" --create "$units/$folders" 2>"$scratch/tmpfiles" || say "systemd/$folders: $(cat "$scratch/tmpfiles")"
        [ "$(stat -c '%a %u' "$scratch/root/var/lib/$node")" = "700 $user" ] || say "systemd/$folders makes the home otherwise than 0700, $node."
    done
fi
exit $fail
