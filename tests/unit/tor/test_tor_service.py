"""TorService over tors that the test plays: standing, wanting, backing off, ending."""

import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from cwtchd.config import Config
from cwtchd.protocol.crypto.onion import identity_from_seed
from cwtchd.tor.addresses import ITorReactor
from cwtchd.tor.control import RunningTor, TorUnready
from cwtchd.tor.interface import DialFailed, TorState, TorStatus
from cwtchd.tor.service import TorService
from cwtchd.tor.sockets import SocketFolder
from tests.support.fake_tor import FakeTor

BOB = identity_from_seed(bytes([7]) * 32)
KEY_START = "ADD_ONION ED25519-V3:"


class World:
    """A service whose every next tor, or failure to have one, the test says."""

    def __init__(self, tmp_path: Path) -> None:
        self.reactor = MemoryReactorClock()  # type: ignore[no-untyped-call]
        self.next: list[FakeTor | TorUnready | Deferred[RunningTor]] = []
        self.told: list[TorStatus] = []
        self.service = TorService(
            cast(ITorReactor, self.reactor),
            Config(home=tmp_path, socket=tmp_path / "socket"),
            lambda: int(self.reactor.seconds() * 1000),
            self.have,
        )
        self.service.watch(self.told.append)

    def have(self, sockets: SocketFolder, say: Callable[[str], None]) -> Awaitable[RunningTor]:
        async def had() -> RunningTor:
            what = self.next.pop(0)
            if isinstance(what, TorUnready):
                raise what
            if isinstance(what, FakeTor):
                return what.running
            say("It takes long.")
            return await what

        return had()

    def state(self) -> TorState:
        """How it stands now."""
        return self.service.status.state

    def states(self) -> list[TorState]:
        """The states it went through, each once in a row."""
        states: list[TorState] = []
        for status in self.told:
            if not states or states[-1] is not status.state:
                states.append(status.state)
        return states


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    run = Path("/tmp") / f"cwtchd-test-{os.getpid()}"
    run.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(run))
    yield World(tmp_path)
    # What the service made there must be gone: this fails where it is not.
    run.rmdir()


def factory() -> Factory[Protocol]:
    return Factory.forProtocol(Protocol)


def stop(world: World) -> None:
    stopped = world.service.stop()
    world.reactor.advance(60)
    assert stopped.called


def test_it_becomes_ready_step_by_step(world: World) -> None:
    tor = FakeTor()
    tor.link.phase = "NOTICE BOOTSTRAP PROGRESS=10 TAG=conn"
    world.next = [tor]
    assert world.state() is TorState.STARTING
    world.service.start()
    assert (world.service.status.state, world.service.status.progress) == (TorState.CONNECTING, 10)
    tor.link.say("STATUS_CLIENT", "NOTICE BOOTSTRAP PROGRESS=75 TAG=enough_dirinfo")
    assert world.service.status.progress == 75
    tor.link.say("STATUS_CLIENT", "NOTICE BOOTSTRAP PROGRESS=100 TAG=done")
    assert (world.service.status.state, world.service.status.version) == (TorState.READY, "0.0.0")
    stop(world)
    assert tor.ends > 0


def test_the_network_goes_and_comes_back(world: World) -> None:
    tor = FakeTor()
    world.next = [tor]
    world.service.start()
    ready_since = world.service.status.since
    world.reactor.advance(5)
    tor.link.say("NETWORK_LIVENESS", "DOWN")
    offline = world.service.status
    assert (offline.state, offline.since) == (TorState.OFFLINE, ready_since + 5000)
    tor.link.say("NETWORK_LIVENESS", "UP")
    tor.link.say("STATUS_CLIENT", "NOTICE CIRCUIT_NOT_ESTABLISHED REASON=CLOCK_JUMPED")
    tor.link.say("STATUS_CLIENT", "NOTICE CIRCUIT_ESTABLISHED")
    assert world.states()[-4:] == [TorState.OFFLINE, TorState.READY, TorState.CONNECTING, TorState.READY]
    stop(world)


def test_a_tor_that_dies_is_followed_by_another_and_what_is_wanted_is_published_again(world: World) -> None:
    first, second = FakeTor(), FakeTor()
    world.next = [first, second]
    world.service.publish(BOB, factory())
    world.service.start()
    assert len(first.link.asked(KEY_START)) == 1
    first.link.say("HS_DESC", f"UPLOADED {BOB.onion} UNKNOWN $AAAA")
    assert world.service.published_since(BOB.onion) == 0
    first.link.die()
    assert (world.service.status.state, world.service.published_since(BOB.onion)) == (TorState.LOST, None)
    assert world.service.status.summary.endswith(".")
    world.reactor.advance(0.9)
    assert world.state() is TorState.LOST
    world.reactor.advance(0.2)
    assert world.state() is TorState.READY
    assert len(second.link.asked(KEY_START)) == 1
    assert first.ends == 1
    stop(world)


def test_the_waits_between_starts_grow_to_thirty_seconds(world: World) -> None:
    world.next = [TorUnready("No tor program was found: install it.") for _ in range(9)]
    world.service.start()
    waits = []
    for _ in range(7):
        before, left = world.reactor.seconds(), len(world.next)
        while len(world.next) == left:
            world.reactor.advance(0.5)
        waits.append(world.reactor.seconds() - before)
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    assert (world.service.status.state, world.service.status.summary) == (
        TorState.LOST,
        "No tor program was found: install it.",
    )
    stop(world)


def test_what_takes_long_is_said(world: World) -> None:
    coming: Deferred[RunningTor] = Deferred()
    world.next = [coming]
    world.service.start()
    assert (world.service.status.state, world.service.status.summary) == (TorState.STARTING, "It takes long.")
    tor = FakeTor(warning="A warning.")
    coming.callback(tor.running)
    assert (world.service.status.state, world.service.status.warning) == (TorState.READY, "A warning.")
    stop(world)


def test_stopping_while_a_tor_is_awaited_gives_it_up(world: World) -> None:
    cancelled: list[object] = []
    world.next = [Deferred(cancelled.append)]
    world.service.start()
    stop(world)
    assert len(cancelled) == 1
    assert world.reactor.getDelayedCalls() == []


def test_an_onion_goes_when_it_is_wanted_no_more(world: World) -> None:
    tor = FakeTor()
    world.next = [tor]
    world.service.start()
    world.service.publish(BOB, factory())
    assert world.reactor.unixServers
    world.service.unpublish(BOB.onion)
    assert tor.link.commands[-1] == f"DEL_ONION {BOB.onion}"
    assert world.service.published_since(BOB.onion) is None
    stop(world)
    assert tor.link.commands[-1] == f"DEL_ONION {BOB.onion}"


def test_a_foreign_tor_is_left_without_our_onions(world: World) -> None:
    tor = FakeTor()
    world.next = [tor]
    world.service.publish(BOB, factory())
    world.service.start()
    stop(world)
    assert tor.link.commands[-1] == f"DEL_ONION {BOB.onion}"


def test_a_collision_is_tried_again(world: World) -> None:
    tor = FakeTor()
    tor.link.refusals = [550, 550]
    world.next = [tor]
    world.service.publish(BOB, factory())
    world.service.start()
    world.reactor.advance(1)
    assert len(tor.link.asked(KEY_START)) == 2
    world.reactor.advance(2)
    assert len(tor.link.asked(KEY_START)) == 3
    world.reactor.advance(100)
    assert len(tor.link.asked(KEY_START)) == 3
    stop(world)


def test_a_collision_that_is_wanted_no_more_is_left(world: World) -> None:
    tor = FakeTor()
    tor.link.refusals = [550]
    world.next = [tor]
    world.service.publish(BOB, factory())
    world.service.start()
    world.service.unpublish(BOB.onion)
    world.reactor.advance(100)
    assert len(tor.link.asked(KEY_START)) == 1
    stop(world)


def test_a_tor_that_can_reach_no_socket_is_given_a_random_loopback_address(world: World) -> None:
    tor = FakeTor(reaches_sockets=False)
    world.next = [tor]
    # MemoryReactor knows no port of its own choice.
    hosts: list[str] = []

    def listen(port: int, factory: IProtocolFactory, backlog: int, interface: str) -> IListeningPort:
        hosts.append(interface)
        elsewhere = MemoryReactorClock()  # type: ignore[no-untyped-call]
        return cast(IListeningPort, elsewhere.listenTCP(9999, factory, backlog, interface))  # type: ignore[no-untyped-call]

    world.reactor.listenTCP = listen  # type: ignore[method-assign,assignment]
    world.service.publish(BOB, factory())
    world.service.start()
    target = tor.link.asked(KEY_START)[0].rpartition(",")[2]
    assert target == f"{hosts[0]}:9999"
    assert hosts[0].startswith("127.")
    assert hosts[0] != "127.0.0.1"
    stop(world)


def test_dialling_without_a_tor_fails_at_once(world: World) -> None:
    failed: list[DialFailed] = []

    def note(failure: Failure) -> None:
        assert isinstance(failure.value, DialFailed)
        failed.append(failure.value)

    world.service.dial(BOB.onion, "bob", factory()).addErrback(note)
    world.service.new_circuits().addErrback(note)
    assert [error.reason for error in failed] == ["tor_unavailable", "tor_unavailable"]
    assert all(BOB.onion not in str(error) for error in failed)


def test_new_circuits_are_asked_of_tor(world: World) -> None:
    tor = FakeTor()
    world.next = [tor]
    world.service.start()
    world.service.new_circuits()
    assert tor.link.commands[-1] == "SIGNAL NEWNYM"
    stop(world)


def test_events_of_a_tor_that_is_gone_change_nothing(world: World) -> None:
    tor = FakeTor()
    world.next = [tor]
    world.service.start()
    tor.link.die()
    tor.link.say("STATUS_CLIENT", "NOTICE BOOTSTRAP PROGRESS=100")
    tor.link.say("HS_DESC", f"UPLOADED {BOB.onion} UNKNOWN $AAAA")
    assert world.state() is TorState.LOST
    stop(world)
