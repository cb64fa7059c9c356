"""Link: two connections of the core, of any kinds, and the bytes between them, in pieces of any size.

Rules: no clock; what either end hears is kept in order, and an end that is written to past its connection hears whatever the test likes.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from cwtchd.protocol.crypto import proof_of_work
from cwtchd.protocol.events import ConnectionFailed, Event, WorkNeeded
from cwtchd.protocol.wire.constants import PACKET_SIZE


class SansIO(Protocol):
    """What both ends are."""

    def start(self) -> bytes: ...
    def receive_data(self, data: bytes) -> Sequence[Event]: ...
    def data_to_send(self) -> bytes: ...


A = TypeVar("A", bound=SansIO)
B = TypeVar("B", bound=SansIO)


class Link(Generic[A, B]):
    """A guest and its server."""

    def __init__(self, guest: A, server: B, sizes: Iterable[int] = (PACKET_SIZE,)) -> None:
        self.guest, self.server = guest, server
        self.to_guest, self.to_server = bytearray(), bytearray()
        self.guest_events: list[Event] = []
        self.server_events: list[Event] = []
        self._sizes = tuple(sizes)
        self._turn = 0

    def start(self) -> None:
        """Both say what they say first, and all that follows from it is carried."""
        self.to_server += self.guest.start()
        self.to_guest += self.server.start()
        self.run()

    def run(self) -> None:
        """Carries bytes until neither end has any to read."""
        while self.to_guest or self.to_server:
            self._carry(self.to_guest, self.guest, self.guest_events, self.to_server)
            self._carry(self.to_server, self.server, self.server_events, self.to_guest)

    def _carry(self, coming: bytearray, end: SansIO, events: list[Event], back: bytearray) -> None:
        if not coming:
            return
        size = self._sizes[self._turn % len(self._sizes)]
        self._turn += 1
        piece = bytes(coming[:size])
        del coming[:size]
        events += end.receive_data(piece)
        back += end.data_to_send()

    def guest_says(self, data: bytes) -> list[Event]:
        """The server's new events, once the guest has said this."""
        heard = len(self.server_events)
        self.to_server += data
        self.run()
        return self.server_events[heard:]

    def server_says(self, data: bytes) -> list[Event]:
        """The guest's new events, once the server has said this."""
        heard = len(self.guest_events)
        self.to_guest += data
        self.run()
        return self.guest_events[heard:]


def solution_of(needed: WorkNeeded) -> bytes:
    """Does the work."""
    found = proof_of_work.solve(needed.prng_seed, needed.challenge, 0, 1 << 24)
    assert found is not None
    return found


def failure(events: Sequence[Any]) -> str:
    """The sentence of the failure, which is the last event and the only failure."""
    assert [event for event in events if isinstance(event, ConnectionFailed)] == list(events[-1:])
    (last,) = events[-1:]
    return str(last.error)


def ready(*given: bytes) -> Callable[[int], bytes]:
    """Randomness that gives these, and then the system's."""
    left = list(given)

    def draw(size: int) -> bytes:
        if not left:
            return os.urandom(size)
        assert len(left[0]) == size
        return left.pop(0)

    return draw
