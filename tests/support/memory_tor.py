"""Tor in one process: `MemoryTor` keeps the promise of interface.Tor over a `MemoryNetwork`, which a test can break.

Nothing moves by itself: bytes, closings and dials wait in one queue, in order, until the clock's next turn or
`MemoryNetwork.flush`. A transport behaves as a TCP one does: it buffers while it is paused, pauses a producer that
writes too much, and tells both ends of the end.
"""

from collections import deque
from collections.abc import Callable, Sequence

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import (
    IProtocol,
    IProtocolFactory,
    IReactorTime,
)

from cwtchd.protocol.model import Identity, Onion
from cwtchd.tor.interface import DialFailed, TorState, TorStatus
from tests.support.memory_transport import MemoryTransport

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

    def publish(self, identity: Identity, factory: IProtocolFactory, defences: str = "") -> None:
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
        ours, theirs = MemoryTransport(network.later, self), MemoryTransport(network.later, self)
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
