#!/bin/sh
# What no linter knows of this tree: clients know only the socket, no module is over 400 lines, no registry's host is named.
set -eu
fail=0
if grep -rnE '^[[:space:]]*(import|from) cwtchd\b' clients/; then
    echo "clients/ must not import cwtchd: they know only the socket and the schema." >&2
    fail=1
fi
long=$(git ls-files '*.py' | xargs wc -l | awk '$2 != "total" && $1 > 400 {print $2 ": " $1 " lines"}')
if [ -n "$long" ]; then
    echo "$long" >&2
    echo "A module stops at 400 lines: split it where a reader would." >&2
    fail=1
fi
if grep -nE 'https?://|--index-url|--find-links' requirements.lock requirements-bench.lock; then
    echo "A lock names a registry: make it anew with 'make lock'." >&2
    fail=1
fi
exit $fail
