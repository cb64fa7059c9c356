"""Follower: events that a thread gathers, so that a command can wait for them and for something else as well.

Rules: what is heard goes to the command's own queue, in order; a full queue holds the thread back, not the memory.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cwtch_client import Client, ClientError, ConnectionLost, DaemonAbsent, Json, NoAnswer, RpcError

_AWAY_SECONDS = 0.3


@dataclass(frozen=True)
class Told:
    """An event, as the daemon sent it."""

    raw: dict[str, Json]


@dataclass(frozen=True)
class Away:
    """The daemon or the profile is gone for now."""


@dataclass(frozen=True)
class Back:
    """It is there again, and what happened meanwhile is told next."""


@dataclass(frozen=True)
class Broken:
    """Nothing more will be told."""

    error: ClientError


Heard = Told | Away | Back | Broken


class _Stopped(Exception):
    """Nobody listens any more."""


def passes(error: ClientError) -> bool:
    """Whether an error ends by itself: the daemon is started again, the profile unlocked, the disk has room."""
    if isinstance(error, RpcError):
        return error.name in ("profile_locked", "stopping", "storage_failed")
    return isinstance(error, DaemonAbsent | ConnectionLost | NoAnswer)


class Follower:
    """Follows with a client of its own, until it is stopped; `put` takes what it hears, on the follower's thread."""

    def __init__(self, client: Client, put: Callable[[Heard], None]) -> None:
        self._client = client
        self._put = put
        self._stopped = threading.Event()

    def start(
        self, profile: str | None, after: int | None = None, types: Sequence[str] | None = None
    ) -> None:
        """Begins behind the event `after`, or at what is new."""
        # The thread may be in the middle of waiting for the daemon when the command ends: it must not keep it.
        threading.Thread(target=self._run, args=(profile, after, types), daemon=True).start()

    def stop(self) -> None:
        """Nothing is put from now on."""
        self._stopped.set()

    def _run(self, profile: str | None, after: int | None, types: Sequence[str] | None) -> None:
        try:
            while not self._stopped.is_set():
                followed = self._client.raw_events(
                    profile, after, types, lost=lambda: self._tell(Away()), found=lambda: self._tell(Back())
                )
                try:
                    for raw in followed:
                        self._tell(Told(raw))
                except ClientError as error:
                    if not passes(error):
                        self._tell(Broken(error))
                        return
                    # The daemon went away just before this first subscription: any later one is made again by itself.
                    self._tell(Away())
                    self._stopped.wait(_AWAY_SECONDS)
        except _Stopped:
            pass

    def _tell(self, heard: Heard) -> None:
        if self._stopped.is_set():
            raise _Stopped
        self._put(heard)
