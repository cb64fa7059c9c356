#!/bin/sh
# Makes the virtual environment from the hashed lock. What can't be had is said in one sentence.
set -eu
python=$1
venv=$2

say() { echo "make install: $*" >&2; exit 1; }

command -v "$python" >/dev/null || say "Python 3.11 or newer is needed: install the package python3."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || say "Python 3.11 or newer is needed; $python is older. Name another with 'make PYTHON=python3.12'."
"$python" -c 'import ensurepip, venv' 2>/dev/null || say "Python's venv module is missing: install the package python3-venv."

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv" || say "the virtual environment could not be made in $venv."
quiet="--quiet --disable-pip-version-check --no-input"
echo "Installing the locked packages into $venv …"
"$venv/bin/python" -m pip install $quiet --require-hashes --only-binary :all: -r requirements.lock || say "the packages could not be installed: is a package registry reachable?"
"$venv/bin/python" -m pip install $quiet --no-deps --no-build-isolation --no-index --editable . || say "cwtchd itself could not be installed into $venv."
# Where Python is told to write no bytecode, each start of the daemon would compile all of it: half a second.
"$venv/bin/python" -m compileall -q cwtchd clients || say "the sources could not be compiled: is this folder writable?"
