"""MemoryTor keeps interface.Tor's promise, and its transports behave as Twisted's do."""

from typing import cast

import pytest
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IProtocol, IPushProducer, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer
from zope.interface.verify import verifyObject

from cwtchd.protocol.crypto.onion import identity_from_seed
from cwtchd.tor.interface import DialFailed, Tor, TorState
from tests.support.memory_tor import MemoryNetwork, MemoryTor
from tests.support.memory_transport import BUFFER_BYTES, MemoryTransport

ALICE, BOB = identity_from_seed(b"a" * 32), identity_from_seed(b"b" * 32)


class Heard(Protocol):
    transport: MemoryTransport

    def __init__(self) -> None:
        self.data: list[bytes] = []
        self.lost: list[type[BaseException]] = []

    def dataReceived(self, data: bytes) -> None:
        self.data.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        assert reason.type is not None
        self.lost.append(reason.type)


class Kept(Factory[Heard]):
    """Keeps the protocols that it makes."""

    noisy = False

    def __init__(self) -> None:
        self.made: list[Heard] = []

    def buildProtocol(self, addr: object) -> Heard:
        self.made.append(Heard())
        return self.made[-1]


class World:
    """Alice's and Bob's Tor, and Bob's onion."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.network = MemoryNetwork(self.clock)
        self.alice, self.bob = (MemoryTor(self.network, self.clock) for _ in range(2))
        self.called = Kept()
        self.bob.publish(BOB, self.called)
        self.alice.publish(ALICE, Kept())
        for tor in (self.alice, self.bob):
            tor.start()
        self.network.flush()

    def connect(self) -> tuple[Heard, Heard]:
        """Alice's end and Bob's."""
        made: list[IProtocol] = []
        self.alice.dial(BOB.onion, "bob", Kept()).addCallback(made.append)
        self.network.flush()
        return cast(Heard, made[0]), self.called.made[-1]

    def failed_dial(self) -> str:
        reasons: list[str] = []

        def note(failure: Failure) -> None:
            assert isinstance(failure.value, DialFailed)
            reasons.append(failure.value.reason)

        self.alice.dial(BOB.onion, "bob", Kept()).addErrback(note)
        self.network.flush()
        return reasons[0]


@pytest.fixture
def world() -> World:
    return World()


def test_it_is_a_tor(world: World) -> None:
    tor: Tor = world.alice
    assert tor.status.state is TorState.READY
    assert tor.published_since(ALICE.onion) == 0
    alice, _ = world.connect()
    assert verifyObject(ITCPTransport, alice.transport)


def test_bytes_go_both_ways_in_order(world: World) -> None:
    alice, bob = world.connect()
    for each in (b"one", b"two", b"three"):
        alice.transport.write(each)
        bob.transport.write(each.upper())
    assert not bob.data
    world.network.flush()
    assert b"".join(bob.data) == b"onetwothree"
    assert b"".join(alice.data) == b"ONETWOTHREE"


def test_the_clock_moves_them_as_well(world: World) -> None:
    alice, bob = world.connect()
    alice.transport.write(b"one")
    world.clock.advance(0)
    assert bob.data == [b"one"]


def test_closing_delivers_what_was_written_and_tells_both(world: World) -> None:
    alice, bob = world.connect()
    alice.transport.write(b"last words")
    alice.transport.loseConnection()
    alice.transport.write(b"too late")
    world.network.flush()
    assert b"".join(bob.data) == b"last words"
    assert (alice.lost, bob.lost) == ([ConnectionDone], [ConnectionDone])
    assert world.network.links == []


def test_aborting_tells_both_at_once(world: World) -> None:
    alice, bob = world.connect()
    alice.transport.abortConnection()
    world.network.flush()
    assert (alice.lost, bob.lost) == ([ConnectionAborted], [ConnectionLost])


def test_cutting_loses_what_is_under_way(world: World) -> None:
    alice, bob = world.connect()
    alice.transport.write(b"lost")
    world.network.cut(BOB.onion)
    world.network.flush()
    assert (alice.lost, bob.lost, bob.data) == ([ConnectionLost], [ConnectionLost], [])


def test_a_half_open_stream_swallows_and_tells_nobody(world: World) -> None:
    alice, bob = world.connect()
    world.network.half_open(BOB.onion)
    alice.transport.write(b"lost")
    bob.transport.write(b"lost")
    world.network.flush()
    assert (alice.data, bob.data, alice.lost, bob.lost) == ([], [], [], [])
    alice.transport.loseConnection()
    world.network.flush()
    assert (alice.lost, bob.lost) == ([ConnectionDone], [])


def test_a_paused_end_reads_later(world: World) -> None:
    alice, bob = world.connect()
    bob.transport.pauseProducing()
    alice.transport.write(b"one")
    alice.transport.loseConnection()
    world.network.flush()
    assert (bob.data, bob.lost, alice.lost) == ([], [], [ConnectionDone])
    bob.transport.resumeProducing()
    world.network.flush()
    assert (bob.data, bob.lost) == ([b"one"], [ConnectionDone])


@implementer(IPushProducer)
class Producer:
    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def resumeProducing(self) -> None:
        self.told.append("resume")

    def stopProducing(self) -> None:
        self.told.append("stop")


def test_a_producer_is_paused_while_too_much_is_under_way(world: World) -> None:
    alice, bob = world.connect()
    producer = Producer()
    alice.transport.registerProducer(producer, True)
    bob.transport.pauseProducing()
    alice.transport.write(bytes(BUFFER_BYTES))
    assert producer.told == []
    alice.transport.write(b"!")
    assert producer.told == ["pause"]
    bob.transport.resumeProducing()
    world.network.flush()
    assert producer.told == ["pause", "resume"]
    alice.transport.abortConnection()
    world.network.flush()
    assert producer.told == ["pause", "resume", "stop"]


def test_closing_waits_for_the_producer(world: World) -> None:
    alice, bob = world.connect()
    alice.transport.registerProducer(Producer(), True)
    alice.transport.loseConnection()
    world.network.flush()
    assert (alice.lost, bob.lost) == ([], [])
    alice.transport.unregisterProducer()
    world.network.flush()
    assert (alice.lost, bob.lost) == ([ConnectionDone], [ConnectionDone])


def test_a_machine_that_is_offline_is_not_reached_and_reaches_nobody(world: World) -> None:
    alice, bob = world.connect()
    states: list[TorState] = []
    world.bob.watch(lambda status: states.append(status.state))
    world.network.offline(BOB.onion)
    assert (alice.lost, bob.lost) == ([ConnectionLost], [ConnectionLost])
    assert world.failed_dial() == "not_published"
    assert world.bob.published_since(BOB.onion) is None
    world.clock.advance(3)
    world.network.online(BOB.onion)
    assert states == [TorState.OFFLINE, TorState.READY]
    assert world.bob.published_since(BOB.onion) == 3000
    world.connect()
    world.network.offline(ALICE.onion)
    assert world.failed_dial() == "not_published"


def test_without_tor_nothing_is_dialled(world: World) -> None:
    world.alice.lose()
    assert world.failed_dial() == "tor_unavailable"
    assert world.alice.status.state is TorState.LOST


def test_an_unpublished_onion_is_gone_but_its_streams_stay(world: World) -> None:
    alice, bob = world.connect()
    world.bob.unpublish(BOB.onion)
    assert world.failed_dial() == "not_published"
    alice.transport.write(b"still here")
    world.network.flush()
    assert (bob.data, bob.lost) == ([b"still here"], [])


def test_an_attempt_can_be_cancelled(world: World) -> None:
    world.network.silent.add(BOB.onion)
    attempt = world.alice.dial(BOB.onion, "bob", Kept())
    world.network.flush()
    assert not attempt.called
    failures: list[object] = []
    attempt.addErrback(lambda failure: failures.append(failure.type))
    attempt.cancel()
    world.network.silent.clear()
    world.network.flush()
    assert failures == [CancelledError]
    assert world.called.made == []
    assert world.network.dialled == [(BOB.onion, "bob")]


def test_stopping_cuts_and_unpublishes(world: World) -> None:
    alice, _ = world.connect()
    world.bob.stop()
    assert alice.lost == [ConnectionLost]
    assert world.failed_dial() == "not_published"
