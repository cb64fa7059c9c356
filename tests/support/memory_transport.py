"""One end of a stream in memory: an ITCPTransport that buffers while it is paused, pauses a producer that writes too much, and
tells its protocol of the end. Nothing moves by itself: what happens goes through `later`, in order.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol, cast

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IConsumer, IProducer, IProtocol, IPushProducer, ITCPTransport
from twisted.python.failure import Failure
from zope.interface import implementer

BUFFER_BYTES = 1 << 16
"""What may be under way to one end before whoever produces it is paused, unless its transport's `bufferSize` is set."""


class Link(Protocol):
    """What a transport knows of the stream that it is one end of."""

    swallowing: bool

    def ended(self) -> None:
        """An end of it is gone."""


@implementer(ITCPTransport, IConsumer, IPushProducer)
class MemoryTransport:
    """One end of a stream."""

    other: "MemoryTransport"

    def __init__(self, later: Callable[[Callable[[], None]], None], link: Link) -> None:
        self._later = later
        self._link = link
        self._protocol: IProtocol | None = None
        self._arrived: deque[bytes] = deque()
        self._closing_arrived = False
        self._under_way = 0
        self._paused = False
        self._producer: IPushProducer | None = None
        self._producer_paused = False
        self.connected = False
        self.disconnecting = False
        self.bufferSize = BUFFER_BYTES

    def open(self, protocol: IProtocol) -> None:
        """Begins to carry a protocol."""
        self._protocol = protocol
        self.connected = True
        protocol.makeConnection(self)

    # --- ITransport, ITCPTransport ----------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        assert isinstance(data, bytes), "A transport takes bytes."
        if not self.connected or self.disconnecting or not data:
            return
        if self._link.swallowing:
            return
        self.other._under_way += len(data)
        self._later(lambda: self.other._arrive(data))
        self._steer_producer()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        if self.connected and not self.disconnecting:
            self.disconnecting = True
            self._close_when_written()

    def abortConnection(self) -> None:
        if self.connected:
            self.disconnecting = True
            self._later(self._abort)

    def loseWriteConnection(self) -> None:  # noqa: N802 - Twisted's name
        raise NotImplementedError("Tor carries no half-closed streams.")

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", "127.0.0.1", 2)

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", "127.0.0.1", 1)

    def getTcpNoDelay(self) -> bool:  # noqa: N802 - Twisted's name
        return False

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: N802 - Twisted's name
        pass

    def getTcpKeepAlive(self) -> bool:  # noqa: N802 - Twisted's name
        return False

    def setTcpKeepAlive(self, enabled: bool) -> None:  # noqa: N802 - Twisted's name
        pass

    # --- IPushProducer: of what arrives ----------------------------------------------------------------------------

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        if self.connected and not self.disconnecting:
            self._paused = False
            self._later(self._deliver)

    def stopProducing(self) -> None:
        self.loseConnection()

    # --- IConsumer: of what is written ------------------------------------------------------------------------------

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        if self._producer is not None:
            raise RuntimeError("There is a producer already.")
        assert streaming, "Only push producers are known here."
        if not self.connected:
            producer.stopProducing()
            return
        self._producer = cast(IPushProducer, producer)
        self._producer_paused = False

    def unregisterProducer(self) -> None:
        self._producer = None
        if self.connected and self.disconnecting:
            self._close_when_written()

    # --- the stream -------------------------------------------------------------------------------------------------

    def lose_now(self, reason: Exception) -> None:
        """Ends this end."""
        if not self.connected:
            return
        self.connected = False
        self._arrived.clear()
        self._link.ended()
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.stopProducing()
        assert self._protocol is not None
        self._protocol.connectionLost(Failure(reason))  # type: ignore[no-untyped-call]

    def _arrive(self, data: bytes) -> None:
        if self._link.swallowing or not self.connected:
            self._under_way -= len(data)
            return
        self._arrived.append(data)
        self._deliver()

    def _deliver(self) -> None:
        if self.disconnecting:
            # As a socket that is being closed is not read from.
            self._under_way -= sum(map(len, self._arrived))
            self._arrived.clear()
        while self._arrived and self.connected and not self._paused and not self.disconnecting:
            data = self._arrived.popleft()
            self._under_way -= len(data)
            assert self._protocol is not None
            self._protocol.dataReceived(data)
            self.other._steer_producer()
        if self._closing_arrived and not self._arrived and not self._paused:
            self.lose_now(ConnectionDone())

    def _steer_producer(self) -> None:
        producer = self._producer
        if producer is None or not self.connected:
            return
        full = self.other._under_way > self.bufferSize
        if full and not self._producer_paused:
            self._producer_paused = True
            producer.pauseProducing()
        elif self._producer_paused and self.other._under_way == 0:
            self._producer_paused = False
            producer.resumeProducing()

    def _close_when_written(self) -> None:
        # A producer has the last word: Twisted's transports wait until it is unregistered.
        if self._producer is None:
            self._later(self._close)

    def _close(self) -> None:
        if not self.connected:
            return
        if not self._link.swallowing:
            self.other._closing_arrived = True
            self._later(self.other._deliver)
        self.lose_now(ConnectionDone())

    def _abort(self) -> None:
        if not self.connected:
            return
        self.lose_now(ConnectionAborted())
        if not self._link.swallowing:
            self.other.lose_now(ConnectionLost())
