"""Following: a follower's place in a log, and what it does when its connection ends. No socket, no clock of its own.

Rules: the cursor moves only past what was told; what passes by itself is waited for, anything else is raised to the caller.
"""

from collections.abc import Sequence

from cwtch_client.errors import ClientError, ConnectionLost, DaemonAbsent, NoAnswer, RpcError
from cwtch_client.model import Event

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 0.5
_PASSING = {"profile_locked", "stopping", "storage_failed", "limit_exceeded"}
"""Refusals that end without this client: somebody unlocks, the next daemon starts, the disk has room again, a second has gone."""


def passes(error: Exception) -> bool:
    """Whether what failed so may be tried again later, with nothing done about it by this client."""
    if isinstance(error, RpcError):
        return error.name in _PASSING
    return isinstance(error, DaemonAbsent | ConnectionLost | NoAnswer)


class Following:
    """One follower. `patience` is in seconds, for each time that the connection is lost; None: for ever."""

    def __init__(
        self, profile: str | None, after: int | None, types: Sequence[str] | None, patience: float | None
    ) -> None:
        self._profile = profile
        self._cursor = after
        self._types = None if types is None else list(types)
        self._patience = patience
        self._until: float | None = None
        self._pause = _FIRST_PAUSE

    def params(self) -> dict[str, object]:
        """What the next event.subscribe is called with."""
        after = None if self._profile is None else self._cursor
        return {"profile": self._profile, "after": after, "types": self._types}

    def subscribed(self, head: int) -> None:
        """A subscription began; without a cursor it began at the head."""
        if self._cursor is None:
            self._cursor = head

    def tells_on(self, event: Event) -> bool:
        """Notes an event that is now the caller's. False where this subscription tells no more."""
        if event.seq is not None:
            self._cursor = event.seq
        # A locked profile's subscription is silent until the profile is open again and followed anew.
        return event.type != "profile.locked" or self._profile is None

    def lost(self, now: float) -> None:
        """The connection ended, or the profile was locked: patience begins."""
        self._until = None if self._patience is None else now + self._patience
        self._pause = _FIRST_PAUSE

    def pause(self, error: ClientError, now: float) -> float:
        """Seconds to wait before the next attempt, after one that failed so. Raises the error where waiting is in vain."""
        pause, self._pause = self._pause, min(2 * self._pause, _LONGEST_PAUSE)
        if not passes(error) or (self._until is not None and now + pause > self._until):
            raise error
        return pause
