#!/bin/sh
# Makes the virtual environment of what is measured beside cwtchd, from its own hashed lock. `make install` does without it.
set -eu
python=$1
venv=$2

say() { echo "make bench: $*" >&2; exit 1; }

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv" || say "the virtual environment could not be made in $venv."
install="$venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes"
echo "Installing what is measured beside cwtchd into $venv …"
# jsonrpcserver comes as an sdist: what builds it is locked too, and has to be there before it.
build=$(mktemp)
trap 'rm -f "$build"' EXIT
awk '/^[^ #]/ {on = /^setuptools==/} on' requirements-bench.lock >"$build"
$install --only-binary :all: -r "$build" || say "what builds jsonrpcserver could not be installed: is a package registry reachable?"
$install --no-build-isolation --use-pep517 -r requirements-bench.lock || say "the packages could not be installed: is a package registry reachable?"
