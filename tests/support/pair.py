"""Pair: two Connections and a link between them that carries bytes in pieces of any size, so that each test runs both ends.

Rules: no clock and no chance; randomness is drawn from a seed, so that a pair made twice says the same bytes.
"""

from collections.abc import Callable, Iterable
from random import Random

from cwtchd.protocol.connection import PeerConnection
from cwtchd.protocol.crypto.onion import identity_from_seed
from cwtchd.protocol.events import Event
from cwtchd.protocol.model import Identity, Onion, PeerMessage, Role
from cwtchd.protocol.wire.constants import CONTEXT_RAW, PACKET_SIZE

OUTBOUND_SEED = bytes([1]) * 32
INBOUND_SEED = bytes([3]) * 32
OUTBOUND_EPHEMERAL = bytes([2]) * 32
INBOUND_EPHEMERAL = bytes([4]) * 32


def chat(message_id: str, data: bytes) -> PeerMessage:
    """A chat message; `data` is the overlay's text in UTF-8 (wire-peer §4.4)."""
    return PeerMessage(message_id, CONTEXT_RAW, data)


Randomness = Callable[[int], bytes]


def drawn(first: bytes, seed: int = 0) -> Randomness:
    """Randomness that gives `first`, the ephemeral key's seed, and then what a seeded generator draws."""
    source = Random(seed)
    ready = [first]
    return lambda size: ready.pop() if ready else source.randbytes(size)


class End:
    """One end: its connection, what happened on it, what it was sent and what it has not read yet."""

    def __init__(self, role: Role, seed: bytes, dialled: Onion | None, randomness: Randomness) -> None:
        self.identity: Identity = identity_from_seed(seed)
        self.connection = PeerConnection(role, self.identity, dialled, randomness)
        self.events: list[Event] = []
        self.coming = bytearray()
        self.said = bytearray()
        self.other: End = self

    def write(self, data: bytes) -> None:
        """Puts bytes on the link to the other end."""
        self.said += data
        self.other.coming += data

    def start(self) -> None:
        self.write(self.connection.start())

    def admit(self) -> None:
        self.write(self.connection.admit())

    def send(self, message: PeerMessage) -> None:
        self.write(self.connection.send(message))

    def read(self, size: int) -> None:
        """Reads up to `size` of the bytes that have come, and answers."""
        data = bytes(self.coming[:size])
        del self.coming[: len(data)]
        self.events += self.connection.receive_data(data)
        self.write(self.connection.data_to_send())

    def heard(self) -> list[Event]:
        """What has happened since the last time that this was asked."""
        events, self.events = self.events, []
        return events


class Pair:
    """An outbound end that dialled an inbound one. `sizes` are those of the pieces in which bytes arrive, over and over."""

    def __init__(
        self,
        *,
        sizes: Iterable[int] = (PACKET_SIZE,),
        outbound_ephemeral: bytes = OUTBOUND_EPHEMERAL,
        inbound_ephemeral: bytes = INBOUND_EPHEMERAL,
    ) -> None:
        dialled = identity_from_seed(INBOUND_SEED).onion
        self.outbound = End(Role.OUTBOUND, OUTBOUND_SEED, dialled, drawn(outbound_ephemeral, 1))
        self.inbound = End(Role.INBOUND, INBOUND_SEED, None, drawn(inbound_ephemeral, 2))
        self.outbound.other, self.inbound.other = self.inbound, self.outbound
        self._sizes = tuple(sizes)
        self._turn = 0

    @property
    def ends(self) -> tuple[End, End]:
        return self.outbound, self.inbound

    def run(self) -> None:
        """Carries bytes until neither end has any to read."""
        while any(end.coming for end in self.ends):
            for end in self.ends:
                if end.coming:
                    end.read(self._sizes[self._turn % len(self._sizes)])
                    self._turn += 1

    def authenticate(self) -> "Pair":
        """Runs the handshake."""
        for end in self.ends:
            end.start()
        self.run()
        return self

    def open(self) -> "Pair":
        """Runs the handshake, admits both ends, settles the version, and forgets the events of all that."""
        self.authenticate()
        for end in self.ends:
            end.admit()
        self.run()
        for end in self.ends:
            end.heard()
        return self
