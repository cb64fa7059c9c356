"""A profile that calls itself: what counts as proof that it can be reached, and what is said where there is none."""

from typing import Any, cast

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, IProtocolFactory
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from cwtchd.protocol.model import Onion
from cwtchd.runtime.self_dial import (
    AGAIN_SECONDS,
    CAME_IN_NOWHERE,
    EVERY_SECONDS,
    FIRST_SECONDS,
    NOT_PUBLISHED,
    SelfDial,
)
from cwtchd.tor.interface import DialFailed, TorState, TorStatus

ALICE = Onion("a" * 56)


class Stage:
    """A profile's links, a Tor that does what the test says, and a clock."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_000_000)
        self.calls_in = 0
        self.reached_at: int | None = None
        self.status = TorStatus(TorState.READY, 100, "", 0)
        self.published: int | None = 1
        self.dialled: list[str] = []
        self.under_way: Deferred[IProtocol] | None = None
        self.factory: IProtocolFactory | None = None
        self.self_dial = SelfDial(
            self.clock, self.now, lambda: 0.5, cast("Any", self), ALICE, cast("Any", self)
        )
        self.self_dial.start()

    def now(self) -> int:
        return round(self.clock.seconds() * 1000)

    def published_since(self, onion: Onion) -> int | None:
        return self.published

    def dial(self, onion: Onion, isolation: str, factory: IProtocolFactory) -> "Deferred[IProtocol]":
        assert onion == ALICE
        self.dialled.append(isolation)
        self.under_way, self.factory = Deferred(), factory
        return self.under_way

    def answer(self, *, comes_in: bool) -> StringTransport:
        assert self.under_way is not None
        assert self.factory is not None
        protocol = self.factory.buildProtocol(None)  # type: ignore[arg-type]
        assert protocol is not None
        transport = StringTransport()  # type: ignore[no-untyped-call]
        protocol.makeConnection(transport)
        self.calls_in += comes_in
        self.under_way.callback(protocol)
        return transport


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_call_that_comes_in_is_proof_and_the_next_one_is_far(stage: Stage) -> None:
    stage.clock.advance(FIRST_SECONDS)
    called_at = stage.now()
    transport = stage.answer(comes_in=True)
    report = stage.self_dial.report
    assert (report.last_proof_at, report.last_failure) == (called_at, None)
    assert transport.disconnecting, "nothing is said on it"
    assert transport.value() == b""  # type: ignore[no-untyped-call]
    stage.clock.advance(EVERY_SECONDS - 1)
    assert len(stage.dialled) == 1
    stage.clock.advance(1)
    assert len(set(stage.dialled)) == 2, "each has circuits of its own"


def test_an_answer_from_elsewhere_is_none(stage: Stage) -> None:
    stage.clock.advance(FIRST_SECONDS)
    stage.answer(comes_in=False)
    assert stage.self_dial.report.last_failure == CAME_IN_NOWHERE
    assert stage.self_dial.report.last_proof_at is None


def test_a_failure_is_said_by_its_word_and_tried_again_ever_more_seldom(stage: Stage) -> None:
    stage.clock.advance(FIRST_SECONDS)
    for pause in (AGAIN_SECONDS, 2 * AGAIN_SECONDS, 4 * AGAIN_SECONDS):
        calls = len(stage.dialled)
        assert stage.under_way is not None
        stage.under_way.errback(DialFailed("not_found", ""))
        assert stage.self_dial.report.last_failure == "not_found"
        assert stage.self_dial.report.next_at == stage.now() + pause * 1000
        stage.clock.advance(pause)
        assert len(stage.dialled) == calls + 1


def test_a_peer_that_called_in_saves_the_call(stage: Stage) -> None:
    stage.reached_at = stage.now()
    stage.clock.advance(FIRST_SECONDS)
    assert stage.dialled == []
    assert stage.self_dial.report.last_proof_at == stage.reached_at
    stage.clock.advance(EVERY_SECONDS)
    assert len(stage.dialled) == 1


def test_an_onion_that_is_not_published_is_not_called(stage: Stage) -> None:
    stage.published = None
    stage.clock.advance(FIRST_SECONDS)
    assert stage.dialled == []
    assert stage.self_dial.report.last_failure == NOT_PUBLISHED


def test_without_tor_nothing_is_held_against_the_onion(stage: Stage) -> None:
    stage.status = TorStatus(TorState.LOST, 0, "", 0)
    stage.clock.advance(FIRST_SECONDS)
    assert (stage.dialled, stage.self_dial.report.last_failure) == ([], None)


def test_a_profile_that_is_locked_calls_no_more(stage: Stage) -> None:
    stage.clock.advance(FIRST_SECONDS)
    ended: list[object] = []
    assert stage.under_way is not None
    stage.self_dial.close()
    stage.under_way.addBoth(ended.append)
    stage.clock.advance(10 * EVERY_SECONDS)
    assert len(stage.dialled) == 1
    assert stage.clock.getDelayedCalls() == []
