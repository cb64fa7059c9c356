"""Tor in one process: `MemoryTor` keeps the promise of interface.Tor over a `MemoryNetwork`, which a test can break.

Nothing moves by itself: bytes, closings and dials wait in one queue, in order, until the clock's next turn or
`MemoryNetwork.flush`. A transport behaves as a TCP one does: it buffers while it is paused, pauses a producer that
writes too much, and tells both ends of the end.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import cast

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IConsumer,
    IProducer,
    IProtocol,
    IProtocolFactory,
    IPushProducer,
    IReactorTime,
    ITCPTransport,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from cwtchd.protocol.model import Identity, Onion
from cwtchd.tor.interface import DialFailed, TorState, TorStatus

BUFFER_BYTES = 1 << 16
"""What may be under way to one end before whoever produces it is paused, unless its transport's `bufferSize` is set."""

_MOST_STEPS = 1_000_000


class MemoryNetwork:
    """What carries the streams of all MemoryTors."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._steps: deque[Callable[[], None]] = deque()
        self._turn_asked = False
        self.tors: list[MemoryTor] = []
        self.links: list[MemoryLink] = []
        """streams that are open, oldest first"""
        self.dialled: list[tuple[Onion, str]] = []
        """every attempt: whom, and with which isolation"""
        self.silent: set[Onion] = set()
        """onions at which an attempt is never answered"""

    def later(self, step: Callable[[], None]) -> None:
        """Queues something that happens in the network."""
        self._steps.append(step)
        if not self._turn_asked:
            self._turn_asked = True
            self._clock.callLater(0, self._turn)

    def _turn(self) -> None:
        self._turn_asked = False
        for _ in range(len(self._steps)):
            if self._steps:
                self._steps.popleft()()

    def flush(self) -> None:
        """Lets everything happen that can without the clock moving."""
        for _ in range(_MOST_STEPS):
            if not self._steps:
                return
            self._steps.popleft()()
        raise AssertionError("The network never comes to rest.")

    def offline(self, onion: Onion) -> None:
        """Takes the machine that wants this onion off the network; its streams are cut."""
        self._of(onion).go_offline()

    def online(self, onion: Onion) -> None:
        """Brings that machine back."""
        self._of(onion).go_online()

    def cut(self, onion: Onion) -> None:
        """Cuts all streams that this onion called or was called by; both ends are told."""
        for link in self.of(onion):
            link.cut()

    def half_open(self, onion: Onion) -> None:
        """Makes all its present streams swallow bytes both ways; nobody is told."""
        for link in self.of(onion):
            link.half_open()

    def of(self, onion: Onion) -> "Sequence[MemoryLink]":
        """The open streams of the machine that wants this onion."""
        tor = self._of(onion)
        return [link for link in self.links if tor in (link.caller, link.called)]

    def where(self, onion: Onion) -> "MemoryTor | None":
        """The machine at which the onion can be reached now."""
        return next((tor for tor in self.tors if tor.reachable(onion)), None)

    def _of(self, onion: Onion) -> "MemoryTor":
        return next(tor for tor in self.tors if onion in tor.wanted)


class MemoryTor:
    """One machine's Tor."""

    def __init__(self, network: MemoryNetwork, clock: IReactorTime) -> None:
        self._network = network
        self._clock = clock
        self._listeners: list[Callable[[TorStatus], None]] = []
        self._since: dict[Onion, int] = {}
        self.wanted: dict[Onion, IProtocolFactory] = {}
        self.circuits = 0
        """how often new circuits were asked for"""
        self._status = TorStatus(TorState.STARTING, 0, "Tor is being started.", self._now())
        network.tors.append(self)

    def _now(self) -> int:
        return int(self._clock.seconds() * 1000)

    # --- interface.Tor ----------------------------------------------------------------------------------------------

    @property
    def status(self) -> TorStatus:
        return self._status

    def watch(self, listener: Callable[[TorStatus], None]) -> None:
        self._listeners.append(listener)

    def publish(self, identity: Identity, factory: IProtocolFactory) -> None:
        self.wanted[identity.onion] = factory
        if self._status.state is TorState.READY:
            self._since[identity.onion] = self._now()

    def unpublish(self, onion: Onion) -> None:
        self.wanted.pop(onion, None)
        self._since.pop(onion, None)

    def published_since(self, onion: Onion) -> int | None:
        return self._since.get(onion)

    def dial(self, onion: Onion, isolation: str, factory: IProtocolFactory) -> "Deferred[IProtocol]":
        if self._status.state not in {TorState.READY, TorState.OFFLINE}:
            return fail(DialFailed("tor_unavailable", "Tor is not ready yet."))
        self._network.dialled.append((onion, isolation))
        done: Deferred[IProtocol] = Deferred()
        self._network.later(lambda: self._connect(onion, isolation, factory, done))
        return done

    def new_circuits(self) -> "Deferred[None]":
        if self._status.state is not TorState.READY:
            return fail(DialFailed("tor_unavailable", "Tor is not running."))
        self.circuits += 1
        return succeed(None)

    def start(self) -> None:
        self._network.later(self.go_online)

    def stop(self) -> "Deferred[None]":
        self._leave(TorState.STARTING, "Tor is not running.")
        self.wanted.clear()
        return succeed(None)

    # --- what a test does to it -------------------------------------------------------------------------------------

    def go_online(self) -> None:
        """Its network is there (again)."""
        self._since = dict.fromkeys(self.wanted, self._now())
        self._tell(TorState.READY, "Tor is ready.")

    def go_offline(self) -> None:
        """Tor runs, but the network is gone; all streams are cut."""
        self._leave(TorState.OFFLINE, "Tor runs, but the network can't be reached.")

    def lose(self) -> None:
        """Its tor dies; all streams are cut."""
        self._leave(TorState.LOST, "Tor has ended; another is started soon.")

    def reachable(self, onion: Onion) -> bool:
        """Whether a dial to this onion ends here."""
        return self._status.state is TorState.READY and onion in self.wanted

    def _leave(self, state: TorState, summary: str) -> None:
        self._since.clear()
        for link in [link for link in self._network.links if self in (link.caller, link.called)]:
            link.cut()
        self._tell(state, summary)

    def _tell(self, state: TorState, summary: str) -> None:
        since = self._status.since if self._status.state is state else self._now()
        progress = 100 if state in {TorState.READY, TorState.OFFLINE} else 0
        self._status = TorStatus(state, progress, summary, since, "memory")
        for listener in tuple(self._listeners):
            listener(self._status)

    def _connect(
        self, onion: Onion, isolation: str, factory: IProtocolFactory, done: "Deferred[IProtocol]"
    ) -> None:
        if done.called or onion in self._network.silent:
            return
        there = self._network.where(onion)
        if self._status.state is not TorState.READY or there is None:
            done.errback(
                DialFailed("not_published", "The contact is not online: its onion is not published.")
            )
            return
        ours = factory.buildProtocol(IPv4Address("TCP", "127.0.0.1", 1))
        theirs = there.wanted[onion].buildProtocol(IPv4Address("TCP", "127.0.0.1", 2))
        assert ours is not None
        assert theirs is not None
        link = MemoryLink(self._network, self, there, onion, isolation)
        link.ends[1].open(theirs)
        link.ends[0].open(ours)
        done.callback(ours)


class MemoryLink:
    """One stream between two machines."""

    def __init__(
        self, network: MemoryNetwork, caller: MemoryTor, called: MemoryTor, onion: Onion, isolation: str
    ) -> None:
        self.caller = caller
        self.called = called
        self.onion = onion
        self.isolation = isolation
        self.swallowing = False
        self._network = network
        ours, theirs = MemoryTransport(network, self), MemoryTransport(network, self)
        ours.other, theirs.other = theirs, ours
        self.ends = (ours, theirs)
        """the caller's, and the called one's"""
        network.links.append(self)

    def cut(self) -> None:
        """Ends it as a circuit's end does: what is under way is gone, both ends are told."""
        for end in self.ends:
            end.lose_now(ConnectionLost())

    def half_open(self) -> None:
        """Swallows all bytes from now on, and an end's closing too."""
        self.swallowing = True

    def ended(self) -> None:
        """An end of it is gone."""
        if not any(end.connected for end in self.ends) and self in self._network.links:
            self._network.links.remove(self)


@implementer(ITCPTransport, IConsumer, IPushProducer)
class MemoryTransport:
    """One end of a stream."""

    other: "MemoryTransport"

    def __init__(self, network: MemoryNetwork, link: MemoryLink) -> None:
        self._network = network
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
        self._network.later(lambda: self.other._arrive(data))
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
            self._network.later(self._abort)

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
            self._network.later(self._deliver)

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
            self._network.later(self._close)

    def _close(self) -> None:
        if not self.connected:
            return
        if not self._link.swallowing:
            self.other._closing_arrived = True
            self._network.later(self.other._deliver)
        self.lose_now(ConnectionDone())

    def _abort(self) -> None:
        if not self.connected:
            return
        self.lose_now(ConnectionAborted())
        if not self._link.swallowing:
            self.other.lose_now(ConnectionLost())
