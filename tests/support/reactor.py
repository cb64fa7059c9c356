"""The loop that tests run on, typed, and waiting for a condition on it."""

from collections.abc import Callable
from typing import cast

from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.task import deferLater

from cwtchd.tor.addresses import ITorReactor


class TestsReactor(ITorReactor, IReactorFromThreads):
    """The parts of a reactor that tests hand to what they try."""


reactor = cast(TestsReactor, installed)


async def until(condition: Callable[[], object], seconds: float = 30, what: str = "a condition") -> None:
    """Returns once the condition holds; fails where it doesn't within `seconds`."""
    give_up = reactor.seconds() + seconds
    while not condition():
        if reactor.seconds() > give_up:
            raise AssertionError(f"{what} was waited for in vain, {seconds} s.")
        await pause()


def pause(seconds: float = 0.01) -> "Deferred[None]":
    """Lets the loop turn."""
    return deferLater(reactor, seconds)
