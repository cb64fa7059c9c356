"""MemoryTor: a network of onions in one process, on a clock that the test moves. It keeps the promise of `tor.interface`.

Bytes arrive in order, in a later step of the clock. The test may take an onion off the network, cut a connection, or let one go half
open, where both sides still believe in it and nothing arrives.
"""

from collections.abc import Callable
from typing import cast

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory, IPushProducer, ITransport
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from cwtchd.protocol.model import Identity, Onion
from cwtchd.tor.interface import DialFailed, TorState, TorStatus


@implementer(IAddress)
class Nowhere:
    """No address is known of anyone."""


@implementer(ITransport)
class MemoryTransport:
    """One end of a stream."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.protocol: IProtocol | None = None
        self.other: MemoryTransport | None = None
        self.arrived: list[bytes] = []
        self.silent = False
        self._paused = False
        self._closed = False

    def connected(self, protocol: IProtocol, other: "MemoryTransport") -> None:
        self.protocol, self.other = protocol, other

    def write(self, data: bytes) -> None:
        other = self.other
        if not self._closed and not self.silent and other is not None:
            self._clock.callLater(0, other.arrive, bytes(data))

    def writeSequence(self, data: list[bytes]) -> None:
        self.write(b"".join(data))

    def arrive(self, data: bytes) -> None:
        if not self._closed and not self.silent:
            self.arrived.append(data)
            self._deliver()

    def _deliver(self) -> None:
        while self.arrived and not self._paused and not self._closed and self.protocol is not None:
            self.protocol.dataReceived(self.arrived.pop(0))

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        self._paused = False
        self._clock.callLater(0, self._deliver)

    def stopProducing(self) -> None:
        self.loseConnection()

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:
        """Nothing is ever choked here: what is written arrives."""

    def unregisterProducer(self) -> None:
        """See `registerProducer`."""

    def loseConnection(self) -> None:
        self._clock.callLater(0, self.end, ConnectionDone())

    def abortConnection(self) -> None:
        self._clock.callLater(0, self.end, ConnectionAborted())

    def end(self, reason: Exception) -> None:
        """The stream is over on this side, and, unless nothing passes any more, on the other."""
        if self._closed:
            return
        self._closed = True
        if self.protocol is not None:
            self.protocol.connectionLost(Failure(reason))
        if self.other is not None and not self.silent:
            self._clock.callLater(0, self.other.end, ConnectionDone())

    def getPeer(self) -> IAddress:
        return cast("IAddress", Nowhere())

    def getHost(self) -> IAddress:
        return cast("IAddress", Nowhere())


class MemoryNetwork:
    """Who is published, and which streams there are."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.onions: dict[Onion, MemoryTor] = {}
        self.streams: list[tuple[MemoryTor, MemoryTor, MemoryTransport, MemoryTransport]] = []
        self.trace: Callable[[str], None] = lambda _: None

    def flush(self) -> None:
        """Lets everything happen that is due now."""
        while any(
            call.active() and call.getTime() <= self.clock.seconds() for call in self.clock.getDelayedCalls()
        ):
            self.clock.advance(0)

    def connect(
        self, caller: "MemoryTor", onion: Onion, factory: IProtocolFactory, dial: "Deferred[IProtocol]"
    ) -> None:
        called = self.onions.get(onion)
        if called is None or not (caller.reachable and called.reachable):
            dial.errback(DialFailed("onion_unreachable", "Nobody is there."))
            return
        outbound = factory.buildProtocol(Nowhere())
        inbound = called.factories[onion].buildProtocol(Nowhere())
        assert outbound is not None
        assert inbound is not None
        near, far = MemoryTransport(self.clock), MemoryTransport(self.clock)
        near.connected(outbound, far)
        far.connected(inbound, near)
        self.streams.append((caller, called, near, far))
        inbound.makeConnection(cast("ITransport", far))
        outbound.makeConnection(cast("ITransport", near))
        dial.callback(outbound)

    def between(self, one: "MemoryTor", other: "MemoryTor") -> list[tuple[MemoryTransport, MemoryTransport]]:
        return [(near, far) for a, b, near, far in self.streams if {a, b} == {one, other}]

    def cut(self, one: "MemoryTor", other: "MemoryTor") -> None:
        """Ends every stream between the two, noticed by both."""
        for near, _ in self.between(one, other):
            near.end(ConnectionLost())

    def half_open(self, one: "MemoryTor", other: "MemoryTor") -> None:
        """Lets nothing pass between the two any more, noticed by neither."""
        for near, far in self.between(one, other):
            near.silent = far.silent = True


class MemoryTor:
    """One daemon's Tor."""

    def __init__(self, network: MemoryNetwork, name: str) -> None:
        self.network = network
        self.name = name
        self.reachable = True
        self.factories: dict[Onion, IProtocolFactory] = {}
        self._listeners: list[Callable[[TorStatus], None]] = []
        self.status = TorStatus(TorState.STARTING, 0, "Tor was not started.", 0)

    def watch(self, listener: Callable[[TorStatus], None]) -> None:
        self._listeners.append(listener)

    def become(self, state: TorState) -> None:
        self.status = TorStatus(
            state, 100, f"Tor is {state.value}.", int(self.network.clock.seconds() * 1000)
        )
        for listener in self._listeners:
            listener(self.status)

    def start(self) -> None:
        self.become(TorState.READY)

    def publish(self, identity: Identity, factory: IProtocolFactory) -> None:
        self.factories[identity.onion] = factory
        self.network.onions[identity.onion] = self

    def unpublish(self, onion: Onion) -> None:
        self.factories.pop(onion, None)
        if self.network.onions.get(onion) is self:
            del self.network.onions[onion]

    def published_since(self, onion: Onion) -> int | None:
        return self.status.since if onion in self.factories else None

    def dial(self, onion: Onion, isolation: str, factory: IProtocolFactory) -> "Deferred[IProtocol]":
        self.network.trace(f"{self.name} dials")
        due: Deferred[IProtocol] = Deferred(lambda _: call.cancel())
        call = self.network.clock.callLater(0, self.network.connect, self, onion, factory, due)
        return due

    def new_circuits(self) -> "Deferred[None]":
        return succeed(None)

    def stop(self) -> "Deferred[None]":
        for onion in list(self.factories):
            self.unpublish(onion)
        return succeed(None)

    def vanish(self) -> None:
        """The daemon's process is gone: its onions and streams with it."""
        for onion in list(self.factories):
            self.unpublish(onion)
        self._listeners.clear()
        for caller, called, near, far in self.network.streams:
            if self in (caller, called):
                own, other = (near, far) if caller is self else (far, near)
                own.protocol = None
                own.end(ConnectionLost())
                other.end(ConnectionLost())
