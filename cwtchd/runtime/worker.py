"""A process of its own that does a proof of work: `python -m cwtchd.runtime.worker`, which inherits no memory of the daemon.

It reads the generator's seed and the challenge, as hexadecimal lines, from standard input, and writes a line a slice: how often it has
tried so far, or, last, the solution. Its parent's end is its own: it writes to a pipe that nobody reads.
"""

import contextlib
import os
import sys

from cwtchd.protocol.crypto.proof_of_work import solve

SLICE = 20_000
"""Tries between two words to the daemon: about 50 ms."""
NICENESS = 10


def main() -> None:
    """Tries till there is a solution."""
    with contextlib.suppress(OSError):  # a hardened unit forbids it
        os.nice(NICENESS)
    seed, challenge = (bytes.fromhex(sys.stdin.readline()) for _ in range(2))
    for tried in range(0, sys.maxsize, SLICE):
        solution = solve(seed, challenge, tried, SLICE)
        word = str(tried + SLICE) if solution is None else solution.hex()
        print(word, flush=True)  # noqa: T201 - this is what it is for
        if solution is not None:
            return


if __name__ == "__main__":
    main()
