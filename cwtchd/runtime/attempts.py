"""Attempts at a password: each that failed makes those behind it wait longer, at most five seconds, however many there are."""

from collections.abc import Callable
from typing import TypeVar

from twisted.internet.defer import Deferred, gatherResults
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
    """The attempts of one home. They wait side by side, so that nobody waits for the failures of those before."""

    def __init__(self, clock: IReactorTime, now: Callable[[], int]) -> None:
        self._clock = clock
        self._now = now
        self._failures = 0
        self._failed_at = 0
        self._under_way: list[Deferred[None]] = []

    @property
    def slowed(self) -> bool:
        """Whether the next one has to wait."""
        return self._failures > 0 and self._now() - self._failed_at <= FORGIVEN_MS

    def run(self, attempt: "Callable[[], Deferred[T]]") -> "Deferred[T]":
        """Makes an attempt, at once or after its pause; one that fails with WrongPassword is counted."""
        waited = pause(self._failures) if self.slowed else 0
        ended: Deferred[None] = Deferred()
        self._under_way.append(ended)

        def over() -> None:
            self._under_way.remove(ended)
            ended.callback(None)

        def fitted(result: T) -> T:
            self._failures = 0
            over()
            return result

        def failed(failure: Failure) -> Failure:
            if isinstance(failure.value, WrongPassword):
                self._failures = self._failures + 1 if self.slowed else 1
                self._failed_at = self._now()
            over()
            return failure

        made = deferLater(self._clock, waited, attempt) if waited else attempt()
        return made.addCallbacks(fitted, failed)

    def idle(self) -> "Deferred[None]":
        """Fires when every attempt that was asked by now is done."""
        return gatherResults([_told_of(each) for each in self._under_way]).addCallback(lambda _: None)


def _told_of(ended: "Deferred[None]") -> "Deferred[None]":
    told: Deferred[None] = Deferred()

    def tell(_: None) -> None:
        told.callback(None)

    ended.addCallback(tell)
    return told
