"""Guests: the streams of one of a server's onions, each with a time limit, all of them within a bound.

Nothing is known of a guest but what it does on its stream. Where there are too many, one gives way: the oldest that has not got anywhere,
where such take up more than their share of the house; else one of those that have, by lot, so that whoever fills it ends its own
connections as often as anybody's, and somebody new always has the time to get somewhere.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
from twisted.internet.protocol import Factory

from cwtchd import log
from cwtchd.protocol.events import ConnectionFailed, Event
from cwtchd.tor.transport import C, OnionStream

S = TypeVar("S")

UNSETTLED_SHARE = 4
"""One in so many places is for those that have not got anywhere yet."""


@dataclass(slots=True, eq=False)
class Guest(Generic[C, S]):
    """One stream, how long it may go on as it is, and what its house knows of it."""

    stream: OnionStream[C]
    known: S
    patience: IDelayedCall | None = None
    settled: bool = False
    """it has got where an honest one wants to be, and may stay"""


class GuestFactory(Factory, Generic[C]):
    """Makes the stream of each that comes in."""

    noisy = False

    def __init__(self, build: Callable[[], OnionStream[C]]) -> None:
        self._build = build

    def buildProtocol(self, addr: IAddress | None) -> OnionStream[C]:
        return self._build()


class Guests(ABC, Generic[C, S]):
    """All guests of one onion. `chance` is uniform in [0, 1)."""

    def __init__(
        self, clock: IReactorTime, chance: Callable[[], float], *, most: int, unread_bytes: int
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._most = most
        self._unread_bytes = unread_bytes
        self._guests: dict[OnionStream[C], Guest[C, S]] = {}
        self._open = True

    def __len__(self) -> int:
        return len(self._guests)

    def __iter__(self) -> Iterator[Guest[C, S]]:
        return iter(list(self._guests.values()))

    def listening(self) -> GuestFactory[C]:
        """For those who call in."""
        return GuestFactory(lambda: OnionStream(self._clock, self._connection(), self._unread_bytes, self))

    @abstractmethod
    def _connection(self) -> C:
        """A new connection of the core."""

    @abstractmethod
    def _came(self) -> tuple[S, float]:
        """What is known of a new guest, and how many seconds it has to begin with."""

    @abstractmethod
    def _heard(self, guest: Guest[C, S], event: Event) -> None:
        """A guest caused this, which is no failure."""

    # --- what streams tell ---------------------------------------------------------------------------------------

    def made(self, stream: OnionStream[C]) -> None:
        """Somebody came in."""
        if not self._open:
            stream.hang_up()
            return
        if len(self._guests) >= self._most:
            self._give_way(self._who_gives_way())
        known, seconds = self._came()
        guest = self._guests[stream] = Guest(stream, known)
        self.watch(guest, seconds)

    def received(self, stream: OnionStream[C], events: Sequence[Event]) -> None:
        """A guest caused these."""
        for event in events:
            guest = self._guests.get(stream)
            if guest is None:
                return
            if isinstance(event, ConnectionFailed):
                log.info("a connection to a server was closed", reason=str(event.error))
                self.hang_up(guest)
            else:
                self._heard(guest, event)

    def drained(self, stream: OnionStream[C]) -> None:
        """A guest has read what waited for it."""

    def lost(self, stream: OnionStream[C]) -> None:
        """A stream is gone."""
        guest = self._guests.pop(stream, None)
        if guest is not None:
            self.watch(guest, None)

    # --- what is done with them ----------------------------------------------------------------------------------

    def watch(self, guest: Guest[C, S], seconds: float | None) -> None:
        """Ends the guest's stream after so long, None: lets it stay."""
        if guest.patience is not None and guest.patience.active():
            guest.patience.cancel()
        guest.patience = None if seconds is None else self._clock.callLater(seconds, self.hang_up, guest)

    def hang_up(self, guest: Guest[C, S]) -> None:
        """Ends a guest's stream, once what was written has left."""
        guest.stream.hang_up()
        self.lost(guest.stream)

    def close(self) -> None:
        """Ends all; who still comes is let in no more."""
        self._open = False
        for guest in self:
            self.hang_up(guest)

    def _give_way(self, guest: Guest[C, S]) -> None:
        # At once: who comes and goes fast enough would else hold as much unread as it likes.
        guest.stream.drop()
        self.lost(guest.stream)

    def _who_gives_way(self) -> Guest[C, S]:
        unsettled = [guest for guest in self._guests.values() if not guest.settled]
        settled = [guest for guest in self._guests.values() if guest.settled]
        if not settled or len(unsettled) > self._most // UNSETTLED_SHARE:
            return unsettled[0]
        return settled[int(self._chance() * len(settled))]
