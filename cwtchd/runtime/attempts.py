"""Attempts at a password, one after the other: each that failed makes the next one wait longer, at most five seconds."""

from collections.abc import Callable
from typing import TypeVar

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from cwtchd.app.errors import WrongPassword

T = TypeVar("T")

FIRST_SECONDS = 0.25
MOST_SECONDS = 5.0
FORGIVEN_MS = 60_000
"""After so long without an attempt nothing is held against the next one."""


def pause(failures: int) -> float:
    """Seconds to wait before the attempt behind so many failed ones."""
    return 0.0 if failures == 0 else min(MOST_SECONDS, FIRST_SECONDS * 2 ** min(failures - 1, 8))


class Attempts:
    """The attempts of one home."""

    def __init__(self, clock: IReactorTime, now: Callable[[], int]) -> None:
        self._clock = clock
        self._now = now
        self._turn = DeferredLock()
        self._failures = 0
        self._failed_at = 0

    def run(self, attempt: "Callable[[], Deferred[T]]") -> "Deferred[T]":
        """Makes an attempt in its turn; one that fails with WrongPassword is counted."""

        def in_turn() -> "Deferred[T]":
            if self._now() - self._failed_at > FORGIVEN_MS:
                self._failures = 0
            waited = pause(self._failures)
            made = deferLater(self._clock, waited, attempt) if waited else attempt()
            return made.addCallbacks(self._fitted, self._failed)

        return self._turn.run(in_turn)

    def idle(self) -> "Deferred[None]":
        """Fires when every attempt that was asked by now is done."""
        return self._turn.run(lambda: None)

    def _fitted(self, result: T) -> T:
        self._failures = 0
        return result

    def _failed(self, failure: Failure) -> Failure:
        if isinstance(failure.value, WrongPassword):
            self._failures += 1
            self._failed_at = self._now()
        return failure
