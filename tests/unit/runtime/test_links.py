"""The bounds of links that only a clock shows: who is silent, who is idle, and what a dial costs whom."""

from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import Factory, Protocol

from cwtchd.app import contacts, messages
from cwtchd.app.effects import Outcome
from cwtchd.protocol.connection import PeerConnection
from cwtchd.protocol.crypto.onion import identity_from_seed
from cwtchd.protocol.events import Event, MessageAcknowledged, MessageReceived
from cwtchd.protocol.model import Onion, PeerMessage, Role
from cwtchd.runtime import dialling
from cwtchd.runtime.ledger import Done
from tests.support.memory_tor import MemoryTor
from tests.support.peers import Someone, World


class Bytes(Protocol):
    """The other end of a stream: what came, and whether it is over."""

    def __init__(self) -> None:
        self.came = bytearray()
        self._ended = False

    @property
    def ended(self) -> bool:
        return self._ended

    def dataReceived(self, data: bytes) -> None:
        self.came += data

    def connectionLost(self, reason: object = None) -> None:
        self._ended = True


class Stage:
    """One person, and a Tor for those who call them."""

    def __init__(self, folder: Path) -> None:
        self.world = World()
        self.bob = Someone(folder, "bob", self.world)
        self.outside = MemoryTor(self.world.network, self.world.clock)
        self.outside.go_online()

    def call(self) -> Bytes:
        dial: Deferred[IProtocol] = self.outside.dial(self.bob.onion, "x", Factory.forProtocol(Bytes))
        got: list[IProtocol] = []
        dial.addCallback(got.append)
        self.world.flush()
        protocol = got[0]
        assert isinstance(protocol, Bytes)
        return protocol

    def wait(self, seconds: float) -> None:
        self.world.wait(seconds)


class Speaker:
    """A stranger that speaks the protocol over such a stream."""

    def __init__(self, stage: Stage, seed: int = 9) -> None:
        self.authenticate(stage, seed)
        self.write(self.connection.admit())
        self.take()

    def authenticate(self, stage: Stage, seed: int = 9) -> None:
        """Does its half of the handshake."""
        self.stage = stage
        self.stream = stage.call()
        identity = identity_from_seed(bytes([seed]) * 32)
        self.connection = PeerConnection(
            Role.OUTBOUND, identity, Onion(stage.bob.onion), lambda size: bytes(range(size))
        )
        self.events: list[Event] = []
        self.write(self.connection.start())
        self.take()

    def hears(self) -> bool:
        """Whether a message came on this stream."""
        self.take()
        return any(isinstance(event, MessageReceived) for event in self.events)

    def write(self, data: bytes) -> None:
        assert self.stream.transport is not None
        self.stream.transport.write(data)
        self.stage.world.flush()

    def take(self) -> None:
        came, self.stream.came = bytes(self.stream.came), bytearray()
        self.events += self.connection.receive_data(came)
        self.write(self.connection.data_to_send())

    def say(self, number: int) -> None:
        self.write(self.connection.send(PeerMessage(str(number), "im.cwtch.raw", b'{"o":1,"d":"hi"}')))
        self.take()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_a_peer_that_is_silent_during_authentication_is_closed_after_60_s(stage: Stage) -> None:
    silent = stage.call()
    stage.wait(59)
    assert not silent.ended
    stage.wait(1)
    assert silent.ended


def test_half_an_authentication_is_no_excuse(stage: Stage) -> None:
    half = stage.call()
    identity = identity_from_seed(bytes([9]) * 32)
    connection = PeerConnection(
        Role.OUTBOUND, identity, Onion(stage.bob.onion), lambda size: bytes(range(size))
    )
    assert half.transport is not None
    half.transport.write(connection.start())
    stage.wait(60)
    assert half.ended


def test_a_stranger_is_closed_after_ten_idle_minutes(stage: Stage) -> None:
    speaker = Speaker(stage)
    stage.wait(599)
    speaker.say(1)
    stage.wait(599)
    assert not speaker.stream.ended, "it was not idle for ten minutes"
    stage.wait(1)
    assert speaker.stream.ended


def test_a_contact_may_be_silent_for_as_long_as_it_likes(stage: Stage) -> None:
    speaker = Speaker(stage)
    stage.bob.do(lambda uow: contacts.accept(uow, 1))
    stage.wait(10_000)
    assert not speaker.stream.ended


def test_a_flood_is_not_read_faster_than_it_is_decided_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker = Speaker(stage)
    undecided: list[Done] = []
    monkeypatch.setattr(stage.bob.profile, "run", lambda unit, done, source=None: undecided.append(done))
    for number in range(200):
        speaker.say(number)
    assert len(undecided) == 64
    for done in undecided[:]:
        done(Outcome(None))
    stage.world.flush()
    assert len(undecided) == 128


def test_messages_of_a_stranger_are_acknowledged_on_the_link_on_which_they_came(stage: Stage) -> None:
    first, second = Speaker(stage), Speaker(stage)
    first.say(1)
    second.say(2)
    assert [event for event in first.events if isinstance(event, MessageAcknowledged)] == [
        MessageAcknowledged("1")
    ]
    assert [event for event in second.events if isinstance(event, MessageAcknowledged)] == [
        MessageAcknowledged("2")
    ]


def test_waits_between_dials_double_to_five_minutes_and_are_jittered() -> None:
    middle = [dialling.delay(failures, 0.5) for failures in range(12)]
    assert middle == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]
    assert dialling.delay(0, 0.0) == 0.75
    assert dialling.delay(10_000, 0.999) < 300 * 1.25


def test_only_so_many_dials_run_at_once_and_each_ends_once() -> None:
    budget, began = dialling.DialBudget(2), []
    for number in range(4):
        budget.ask(lambda number=number: began.append(number))  # type: ignore[misc]
    leave = budget.ask(lambda: began.append(99))
    assert began == [0, 1]
    leave()
    leave()
    for _ in range(4):
        budget.give_back()
    assert began == [0, 1, 2, 3]
    budget.ask(lambda: began.append(5))
    assert began[-1] == 5


def test_dials_that_end_at_once_grow_no_stack_and_lose_no_turn() -> None:
    budget, began = dialling.DialBudget(2), []

    def ends_at_once(number: int) -> None:
        began.append(number)
        budget.give_back()

    budget.ask(lambda: began.append(-1))
    budget.ask(lambda: began.append(-2))
    for number in range(5_000):
        budget.ask(lambda number=number: ends_at_once(number))  # type: ignore[misc]
    budget.give_back()
    budget.give_back()
    assert began == [-1, -2, *range(5_000)]
    began.clear()
    for _ in range(3):
        budget.ask(lambda: began.append(0))
    assert len(began) == 2


def test_five_connections_of_one_contact_that_authenticate_at_once_leave_four_that_serve(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaker = Speaker(stage)
    stage.bob.do(lambda uow: contacts.accept(uow, 1))
    speaker.stream.transport.loseConnection()  # type: ignore[union-attr]
    stage.world.flush()
    real, waiting = stage.bob.profile.run, []
    monkeypatch.setattr(stage.bob.profile, "run", lambda *queued: waiting.append(queued))
    speakers = [Speaker.__new__(Speaker) for _ in range(5)]
    for each in speakers:
        each.authenticate(stage)
    monkeypatch.setattr(stage.bob.profile, "run", real)
    for queued in waiting:
        real(*queued)
    stage.world.flush()
    assert len(list(stage.bob.profile.admitted_links(1))) == 4
    stage.bob.do(lambda uow: messages.send(uow, stage.bob.onion, 1, "to whom it concerns"))
    stage.world.flush()
    assert any(each.hears() for each in speakers)
