"""Attempts at a password: each that fails makes the next one wait longer, never more than five seconds."""

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from cwtchd.app.errors import WrongPassword
from cwtchd.runtime.attempts import MOST_SECONDS, Attempts, pause


def test_the_pause_grows_to_five_seconds_and_no_further() -> None:
    assert [pause(failures) for failures in range(8)] == [0, 0.25, 0.5, 1, 2, 4, 5, 5]
    assert pause(10_000) == MOST_SECONDS


def refused(failure: Failure) -> None:
    assert isinstance(failure.value, WrongPassword)


class Door:
    """Attempts on a clock that the test turns."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.attempts = Attempts(self.clock, lambda: round(self.clock.seconds() * 1000))
        self.tried: list[str] = []

    def attempt(self, password: str) -> None:
        def ask() -> "Deferred[str]":
            self.tried.append(password)
            return succeed(password) if password == "right" else fail(WrongPassword())

        self.attempts.run(ask).addErrback(refused)


def test_the_next_one_waits_and_those_that_wait_do_so_side_by_side() -> None:
    door = Door()
    for _ in range(3):
        door.attempt("wrong")
        door.clock.advance(1)
    assert len(door.tried) == 3
    for _ in range(20):
        door.attempt("wrong")
    door.attempt("right")
    door.clock.advance(0.9)
    assert len(door.tried) == 3
    door.clock.advance(0.1)
    assert len(door.tried) == 24, "twenty failures of others cost the owner no more than one"
    door.attempt("wrong")
    assert len(door.tried) == 25, "the right one forgave them"


def test_the_right_one_forgives_and_so_does_a_minute() -> None:
    door = Door()
    door.attempt("wrong")
    door.attempt("right")
    door.clock.advance(0.25)
    door.attempt("wrong")
    assert door.tried == ["wrong", "right", "wrong"], "nothing was held against it"
    door.clock.advance(61)
    door.attempt("wrong")
    assert len(door.tried) == 4


def test_whoever_waits_until_it_is_quiet_waits_for_those_that_wait() -> None:
    door = Door()
    door.attempt("wrong")
    door.attempt("right")
    quiet: list[None] = []
    door.attempts.idle().addCallback(quiet.append)
    assert quiet == []
    door.clock.advance(0.25)
    assert quiet == [None]
