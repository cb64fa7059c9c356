"""Protocol ⇄ Connection: bytes of one onion stream to the sans-IO core, its events to whoever owns the link.

A peer that does not read what we owe it is not read from either, so that its acknowledgements never pile up here.
"""

from collections.abc import Callable, Sequence
from typing import Protocol as TypingProtocol

from twisted.internet.interfaces import IConsumer, IDelayedCall, IPushProducer, IReactorTime, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from cwtchd.config import MESSAGES_IN_FLIGHT
from cwtchd.protocol.connection import Connection
from cwtchd.protocol.events import Event
from cwtchd.protocol.model import Onion
from cwtchd.protocol.wire.constants import PACKET_SIZE

UNREAD_BYTES = 2 * MESSAGES_IN_FLIGHT * PACKET_SIZE
"""What may wait for a peer that does not read before it is not read from either.

An honest one is owed at most one window of our messages and one window of acknowledgements of its own. A lower bound would let two
honest peers that both write a lot stop reading each other for ever.
"""

LINGER_SECONDS = 10
"""How long a connection that we end may take to flush."""


class LinkOwner(TypingProtocol):
    """Who is told what happens on a stream."""

    def made(self, stream: "PeerStream") -> None:
        """The stream is open; authentication has begun."""

    def received(self, stream: "PeerStream", events: Sequence[Event]) -> None:
        """The peer caused these."""

    def lost(self, stream: "PeerStream") -> None:
        """The stream is gone."""


class StreamTransport(ITCPTransport, IConsumer, IPushProducer):
    """What Twisted's stream transports are, and its interfaces say in pieces."""

    bufferSize: int  # noqa: N815 - Twisted's name


@implementer(IPushProducer)
class PeerStream(Protocol):
    """One stream with one peer."""

    transport: StreamTransport

    def __init__(
        self, clock: IReactorTime, connection: Connection, dialled: Onion | None, owner: LinkOwner
    ) -> None:
        self._clock = clock
        self.connection = connection
        self.dialled = dialled
        self._owner = owner
        self._open = False
        self._held = False
        self._choked = False
        self._abort: IDelayedCall | None = None

    def connectionMade(self) -> None:
        self._open = True
        self.transport.bufferSize = UNREAD_BYTES
        self.transport.registerProducer(self, True)
        self._owner.made(self)
        self.write(self.connection.start())

    def dataReceived(self, data: bytes) -> None:
        if not self._open:
            return
        events = self.connection.receive_data(data)
        self.write(self.connection.data_to_send())
        if events and self._open:
            self._owner.received(self, events)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._open = False
        if self._abort is not None and self._abort.active():
            self._abort.cancel()
        self._owner.lost(self)

    def write(self, data: bytes) -> None:
        """Sends bytes; those of a stream that is gone go nowhere."""
        if data and self._open:
            self.transport.write(data)

    def hang_up(self) -> None:
        """Ends the stream once what was written has left; nothing that still comes in is heard."""
        if not self._open:
            return
        self._open = False
        self.transport.unregisterProducer()
        self.transport.loseConnection()
        self._abort = self._clock.callLater(LINGER_SECONDS, self.transport.abortConnection)

    def hold(self, held: bool) -> None:
        """Stops or goes on reading, for the sake of whoever stores what is read."""
        if held != self._held:
            self._held = held
            self._steer()

    def pauseProducing(self) -> None:
        self._choked = True
        self._steer()

    def resumeProducing(self) -> None:
        self._choked = False
        self._steer()

    def stopProducing(self) -> None:
        self._choked = True

    def _steer(self) -> None:
        if not self._open:
            return
        reading: Callable[[], None] = (
            self.transport.pauseProducing if self._held or self._choked else self.transport.resumeProducing
        )
        reading()
