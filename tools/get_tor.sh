#!/bin/sh
# Makes sure that there is a tor and its tor-gencert: those on PATH, else Debian's or Ubuntu's package, unpacked inside
# the virtual environment. Installs nothing outside of it, starts no service, needs no root. Names no registry: the
# system's own package sources say where from.
set -eu
venv=$(cd "${1:?usage: get_tor.sh VENV}" && pwd)
programs="tor tor-gencert"

say() { echo "make install: $*" >&2; exit 1; }

# PATH without the environment's own programs, which an activated environment puts there.
outside=$(printf %s "$PATH" | tr ':' '\n' | grep -Fxv "$venv/bin" | tr '\n' ':')

on_path() { PATH=$outside command -v "$1" 2>/dev/null; }

# tor-gencert knows no --version, and says so where it runs at all.
works() { [ -x "$venv/bin/$1" ] && { "$venv/bin/$1" --version 2>&1 || true; } | grep -Eq '^(Tor version|Unrecognized option)'; }

wanted=""
for program in $programs; do
    if found=$(on_path "$program"); then
        echo "Using the $program on PATH: $found"
    elif works "$program"; then
        echo "Using the $program that was fetched before: $venv/bin/$program"
    else
        wanted="$wanted $program"
    fi
done
[ -n "$wanted" ] || exit 0

for needed in apt-get dpkg-deb ldd; do
    command -v "$needed" >/dev/null || say "there is no$wanted on PATH, and without $needed the package can't be fetched: install the package tor and run this again."
done

work=$(mktemp -d "$venv/.tor-XXXXXX") || say "no folder could be made in $venv for tor's package."
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/debs" "$work/tor"

# Hooks of the system's apt are for the system's own lists, and fail without root.
cat >"$work/apt.conf" <<CONF
Dir::State "$work/state";
Dir::State::lists "$work/state/lists";
Dir::Cache "$work/cache";
Dir::Cache::archives "$work/cache/archives";
APT::Sandbox::User "$(id -un)";
Acquire::Languages "none";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
CONF

apt() { apt-get -c "$work/apt.conf" -qq "$@" >>"$work/log" 2>&1 </dev/null; }

# Unpacks the first package of these names that there is.
unpack() {
    for package in "$@"; do
        (cd "$work/debs" && rm -f -- *.deb && apt download "$package") || continue
        dpkg-deb -x "$work"/debs/*.deb "$work/tor" && return 0
    done
    return 1
}

echo "Fetching tor's package (no service is installed) …"
apt update || say "the lists of packages could not be fetched: is a package registry reachable? Or install the package tor."
unpack tor || say "the package tor could not be fetched: install it, so that tor is on PATH."

libraries() { find "$work/tor" \( -type f -o -type l \) -name 'lib*.so*' | sed 's|/[^/]*$||' | sort -u | tr '\n' ':'; }
missing() {
    for program in $programs; do LD_LIBRARY_PATH=$(libraries) ldd "$work/tor/usr/bin/$program" 2>/dev/null; done | sed -n 's/^[[:space:]]*\([^ ]*\) => not found.*/\1/p' | sort -u
}

# libevent-2.1.so.7 is in libevent-2.1-7 or libevent-2.1-7t64, libssl.so.3 in libssl3 or libssl3t64: Debian's rule.
rounds=0
while lacking=$(missing) && [ -n "$lacking" ]; do
    rounds=$((rounds + 1))
    for soname in $lacking; do
        base=$(printf %s "${soname%%.so*}" | tr 'A-Z_' 'a-z-')
        version=${soname##*.so}
        version=${version#.}
        [ "$rounds" -lt 5 ] && unpack "$base$version" "$base$version"t64 "$base-$version" "$base-$version"t64 "$base" ||
            say "tor needs the library $soname, and no package with it could be fetched: install the package tor."
    done
done

bin=$work/tor/usr/bin
[ -x "$bin/tor-gencert" ] || say "the package tor has no tor-gencert: a private network can't be made."
search=$(libraries | sed "s|$work/tor|$venv/tor|g; s|:\$||")
rm -rf "$venv/tor"
mv "$work/tor" "$venv/tor"
for program in $wanted; do
    # exec, so that the pid which the daemon starts and owns is tor's.
    {
        echo '#!/bin/sh'
        [ -z "$search" ] || echo "export LD_LIBRARY_PATH='$search'\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}"
        echo "exec '$venv/tor/usr/bin/$program' \"\$@\""
    } >"$work/$program"
    chmod 755 "$work/$program"
    mv "$work/$program" "$venv/bin/$program"
done
for program in $wanted; do
    works "$program" || say "the $program that was fetched doesn't run here: install the package tor."
done
echo "Fetched:$wanted, into $venv/tor"
