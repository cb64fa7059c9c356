"""Calls a profile's own onion now and then, through Tor and back: whoever can't reach itself is deaf, however alive it looks.

Rules: a peer that called in and authenticated is proof enough, so that a busy profile makes no such calls; each call has circuits of
its own; nothing is said on it. The listener must see a call come in: an answer alone could be another machine's under the same key.
"""

from collections.abc import Callable
from typing import Protocol as Promise

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IAddress, IDelayedCall, IProtocol, IReactorTime
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure

from cwtchd import log
from cwtchd.protocol.model import Onion
from cwtchd.rpc.presence import SelfDialled
from cwtchd.tor.interface import DialFailed, Tor, TorState

FIRST_SECONDS = 30
"""after the onion is wanted, or Tor came back: its descriptor needs that long to be found"""
EVERY_SECONDS = 900
AGAIN_SECONDS = 60
"""after a failure; doubled up to the above"""
SPREAD = 0.2
"""So much of each pause is drawn by chance: no two profiles of a home keep time together."""

NOT_PUBLISHED = "not_published"
CAME_IN_NOWHERE = "came_in_nowhere"


class Doorstep(Promise):
    """What the profile's links saw of calls from outside."""

    @property
    def calls_in(self) -> int:
        """How many streams came in since the profile was opened."""

    @property
    def reached_at(self) -> int | None:
        """When a peer that had called in last authenticated, milliseconds since the epoch."""


class _Knock(Protocol):
    """Says nothing."""


class _Knocks(Factory):
    noisy = False

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        return _Knock()


class SelfDial:
    """One profile's calls to itself."""

    def __init__(
        self,
        clock: IReactorTime,
        now: Callable[[], int],
        chance: Callable[[], float],
        tor: Tor,
        onion: Onion,
        doorstep: Doorstep,
    ) -> None:
        self._clock = clock
        self._now = now
        self._chance = chance
        self._tor = tor
        self._onion = onion
        self._doorstep = doorstep
        self._due: IDelayedCall | None = None
        self._next_at: int | None = None
        self._call: Deferred[IProtocol] | None = None
        self._proof_at: int | None = None
        self._failure: str | None = None
        self._failures = 0
        self._calls = 0

    @property
    def report(self) -> SelfDialled:
        """How it stands."""
        proofs = [at for at in (self._proof_at, self._doorstep.reached_at) if at is not None]
        return SelfDialled(max(proofs, default=None), self._failure, self._next_at)

    def start(self) -> None:
        """Begins, or begins anew after Tor came back."""
        self._failures = 0
        self._wait(FIRST_SECONDS)

    def close(self) -> None:
        """Calls no more."""
        self._rest()
        call, self._call = self._call, None
        if call is not None:
            call.cancel()

    def _rest(self) -> None:
        if self._due is not None and self._due.active():
            self._due.cancel()
        self._due, self._next_at = None, None

    def _wait(self, seconds: float) -> None:
        self._rest()
        seconds *= 1 + SPREAD * (self._chance() - 0.5)
        self._next_at = self._now() + round(seconds * 1000)
        self._due = self._clock.callLater(seconds, self._call_now)

    def _call_now(self) -> None:
        self._due, self._next_at = None, None
        if self._call is not None:
            return
        if self._tor.status.state is not TorState.READY:
            self._wait(AGAIN_SECONDS)  # Tor's own status says it
            return
        if self._tor.published_since(self._onion) is None:
            self._failed(NOT_PUBLISHED)
            return
        reached_at = self._doorstep.reached_at
        rested = None if reached_at is None else (self._now() - reached_at) / 1000
        if rested is not None and 0 <= rested < EVERY_SECONDS:
            self._failure, self._failures = None, 0
            self._wait(max(AGAIN_SECONDS, EVERY_SECONDS - rested))
            return
        self._calls += 1
        before = self._doorstep.calls_in
        self._call = self._tor.dial(self._onion, f"{self._onion}:self:{self._calls}", _Knocks())
        self._call.addCallbacks(self._answered, self._unanswered, callbackArgs=(before,))

    def _answered(self, knock: IProtocol, before: int) -> None:
        self._call = None
        transport = knock.transport if isinstance(knock, _Knock) else None
        if transport is not None:
            transport.loseConnection()
        if self._doorstep.calls_in == before:
            self._failed(CAME_IN_NOWHERE)
            return
        self._proof_at, self._failure, self._failures = self._now(), None, 0
        self._wait(EVERY_SECONDS)

    def _unanswered(self, failure: Failure) -> None:
        self._call = None
        if isinstance(failure.value, CancelledError):
            return
        if not isinstance(failure.value, DialFailed):
            log.unforeseen("a profile could not call itself", failure.value)
        self._failed(failure.value.reason if isinstance(failure.value, DialFailed) else "failed")

    def _failed(self, reason: str) -> None:
        self._failure = reason
        pause = min(EVERY_SECONDS, AGAIN_SECONDS << min(self._failures, 8))
        self._failures += 1
        self._wait(pause)
