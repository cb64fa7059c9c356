"""When to dial again, as a pure function; and one budget for all dials of a daemon, since Tor builds few circuits at once."""

from collections import deque
from collections.abc import Callable

FIRST_SECONDS = 1.0
MOST_SECONDS = 300.0
JITTER = 0.25
"""Each wait is between (1 - JITTER) and (1 + JITTER) times its length, so that peers who lost each other don't meet in step."""

CONCURRENT_DIALS = 16
"""Tor builds at most 32 circuits at once, and each onion takes more than one (field.md, ratio 8)."""


def delay(failures: int, chance: float) -> float:
    """Seconds to wait after so many failures in a row; `chance` is uniform in [0, 1)."""
    length = min(MOST_SECONDS, FIRST_SECONDS * 2.0 ** min(failures, 16))
    return length * (1 - JITTER + 2 * JITTER * chance)


class DialBudget:
    """Lets so many dials run at once; the others wait in the order in which they asked."""

    def __init__(self, concurrent: int = CONCURRENT_DIALS) -> None:
        self._free = concurrent
        self._waiting: deque[Callable[[], None]] = deque()
        self._giving = False

    def ask(self, go: Callable[[], None]) -> Callable[[], None]:
        """Calls `go` when a dial may begin, perhaps at once; returns what takes the request back while it waits."""
        if self._free:
            self._free -= 1
            go()
            return lambda: None
        self._waiting.append(go)
        return lambda: self._waiting.remove(go) if go in self._waiting else None

    def give_back(self) -> None:
        """A dial that began has ended, however."""
        self._free += 1
        if self._giving:
            return  # a dial that ended at once: the loop below goes on, no stack grows
        self._giving = True
        try:
            while self._waiting and self._free:
                self._free -= 1
                self._waiting.popleft()()
        finally:
            self._giving = False
