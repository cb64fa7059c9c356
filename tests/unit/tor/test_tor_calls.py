"""Calls over attempts that the test decides: which one wins, when another is made, what a failure is."""

from typing import cast

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IProtocol, IProtocolFactory
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from cwtchd.protocol.model import Onion
from cwtchd.tor.addresses import ITorReactor
from cwtchd.tor.calls import Calls
from cwtchd.tor.control import RunningTor
from cwtchd.tor.dial import Dial
from cwtchd.tor.interface import DialFailed
from tests.support.fake_tor import FakeTor

BOB = Onion("b" * 56)


class Attempt:
    def __init__(self, word: str) -> None:
        self.word = word
        self.cancelled = False
        self.done: Deferred[IProtocol] = Deferred(self._cancel)

    def _cancel(self, _: object) -> None:
        self.cancelled = True


class World:
    def __init__(self) -> None:
        self.clock = Clock()
        self.tor = FakeTor()
        self.attempts: list[Attempt] = []
        self.calls = Calls(cast(ITorReactor, self.clock), self.begin)
        self.outcomes: list[object] = []

    def begin(self, tor: RunningTor, onion: Onion, word: str, factory: IProtocolFactory) -> Dial:
        self.attempts.append(Attempt(word))
        return cast(Dial, self.attempts[-1])

    def call(self, isolation: str = "bob") -> "Deferred[IProtocol]":
        call = self.calls.call(self.tor.running, BOB, isolation, Factory.forProtocol(Protocol))

        def note(result: object) -> None:
            self.outcomes.append(result.value if isinstance(result, Failure) else result)

        return call.addBoth(note)


@pytest.fixture
def world() -> World:
    return World()


def failed(reason: str) -> Failure:
    return Failure(DialFailed(reason, "A sentence."))  # type: ignore[no-untyped-call]


def test_a_call_that_is_answered_is_one_attempt(world: World) -> None:
    world.call()
    stream = Protocol()
    world.attempts[0].done.callback(stream)
    assert world.outcomes == [stream]
    assert world.clock.getDelayedCalls() == []


def test_a_refusal_is_the_calls(world: World) -> None:
    world.call()
    world.attempts[0].done.errback(failed("not_published"))
    (outcome,) = world.outcomes
    assert isinstance(outcome, DialFailed)
    assert outcome.reason == "not_published"
    assert world.clock.getDelayedCalls() == []


def test_a_call_that_hangs_has_the_descriptor_fetched_and_tries_beside(world: World) -> None:
    world.call()
    world.clock.advance(10)
    assert world.tor.link.commands == [f"HSFETCH {BOB}"]
    assert len(world.attempts) == 1
    world.calls.heard(f"RECEIVED {BOB} NO_AUTH $AA")
    assert len(world.attempts) == 2
    stream = Protocol()
    world.attempts[1].done.callback(stream)
    assert world.outcomes == [stream]
    assert world.attempts[0].cancelled
    assert world.clock.getDelayedCalls() == []


def test_the_slow_attempt_may_win_and_the_other_fail(world: World) -> None:
    world.call()
    world.clock.advance(10)
    world.clock.advance(5)
    assert len(world.attempts) == 2
    world.attempts[1].done.errback(failed("rendezvous_failed"))
    assert world.outcomes == []
    stream = Protocol()
    world.attempts[0].done.callback(stream)
    assert world.outcomes == [stream]


def test_three_attempts_are_all(world: World) -> None:
    world.call()
    for seconds in (10, 5, 25, 5, 100):
        world.clock.advance(seconds)
    assert len(world.attempts) == 3
    assert len({attempt.word for attempt in world.attempts}) == 3
    for attempt in world.attempts:
        attempt.done.errback(failed("timed_out"))
    assert len(world.outcomes) == 1


def test_cancelling_ends_all_attempts(world: World) -> None:
    call = world.call()
    world.clock.advance(10)
    world.clock.advance(5)
    call.cancel()
    assert [attempt.cancelled for attempt in world.attempts] == [True, True]
    assert isinstance(world.outcomes[0], CancelledError)
    assert world.clock.getDelayedCalls() == []


def test_cancelling_while_a_descriptor_is_fetched_makes_no_attempt(world: World) -> None:
    call = world.call()
    world.clock.advance(10)
    call.cancel()
    world.calls.heard(f"FAILED {BOB} NO_AUTH $AA")
    assert len(world.attempts) == 1
    assert world.clock.getDelayedCalls() == []


def test_giving_up_fails_all(world: World) -> None:
    world.call()
    world.call("carol")
    world.calls.give_up("tor_unavailable", "The daemon is stopping.")
    assert [type(outcome) for outcome in world.outcomes] == [DialFailed, DialFailed]
    assert world.clock.getDelayedCalls() == []


def test_tor_is_told_no_name(world: World) -> None:
    world.call()
    assert "bob" not in world.attempts[0].word
    assert len(world.attempts[0].word) == 64
