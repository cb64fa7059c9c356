"""Protocol ⇄ Connection: bytes of one onion stream to the sans-IO core, its events to whoever owns the stream.

An other side that does not read what we owe it is not read from either, so that what it causes never piles up here.
"""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar
from typing import Protocol as TypingProtocol

from twisted.internet.interfaces import IConsumer, IDelayedCall, IPushProducer, IReactorTime, ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from cwtchd.protocol.events import Event

LINGER_SECONDS = 10
"""How long a connection that we end may take to flush."""


class SansIO(TypingProtocol):
    """What a stream asks of the connection of the core that it carries."""

    def start(self) -> bytes:
        """The first bytes, which are sent before anything is read."""

    def receive_data(self, data: bytes) -> Sequence[Event]:
        """What the other side's bytes mean."""

    def data_to_send(self) -> bytes:
        """What is to be written now."""


C = TypeVar("C", bound=SansIO)


class StreamOwner(TypingProtocol[C]):
    """Who is told what happens on a stream."""

    def made(self, stream: "OnionStream[C]") -> None:
        """The stream is open; the connection's first bytes follow."""

    def received(self, stream: "OnionStream[C]", events: Sequence[Event]) -> None:
        """The other side caused these."""

    def drained(self, stream: "OnionStream[C]") -> None:
        """The other side has read enough that more may be written."""

    def lost(self, stream: "OnionStream[C]") -> None:
        """The stream is gone."""


class StreamTransport(ITCPTransport, IConsumer, IPushProducer):
    """What Twisted's stream transports are, and its interfaces say in pieces."""

    bufferSize: int  # noqa: N815 - Twisted's name


@implementer(IPushProducer)
class OnionStream(Protocol, Generic[C]):
    """One stream with one other side. Past `unread_bytes` that wait for it, it is not read from, and `choked`."""

    transport: StreamTransport

    def __init__(
        self, clock: IReactorTime, connection: C, unread_bytes: int, owner: "StreamOwner[C]"
    ) -> None:
        self._clock = clock
        self.connection = connection
        self._unread_bytes = unread_bytes
        self._owner = owner
        self._open = False
        self._held = False
        self.choked = False
        self._abort: IDelayedCall | None = None

    def connectionMade(self) -> None:
        self._open = True
        self.transport.bufferSize = self._unread_bytes
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

    def drop(self) -> None:
        """Ends the stream at once; what the other side has not read yet it never will."""
        if self._open:
            self._open = False
            self.transport.unregisterProducer()
            self.transport.abortConnection()

    def hold(self, held: bool) -> None:
        """Stops or goes on reading, for the sake of whoever stores what is read."""
        if held != self._held:
            self._held = held
            self._steer()

    def pauseProducing(self) -> None:
        self.choked = True
        self._steer()

    def resumeProducing(self) -> None:
        self.choked = False
        self._steer()
        if self._open:
            self._owner.drained(self)

    def stopProducing(self) -> None:
        self.choked = True

    def _steer(self) -> None:
        if not self._open:
            return
        reading: Callable[[], None] = (
            self.transport.pauseProducing if self._held or self.choked else self.transport.resumeProducing
        )
        reading()
