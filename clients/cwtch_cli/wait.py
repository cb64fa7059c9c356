"""Waiting: a command that ends when something is so, and tells on standard error how far it is.

Rules: an event only says that it is worth to look again; what counts is what the daemon answers. Where the daemon goes away, or
is started again, the waiting goes on, till the time allowed is over.
"""

import queue
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import click

from cwtch_cli.connect import Invocation
from cwtch_cli.follow import Broken, Follower, Heard, passes
from cwtch_cli.progress import Progress
from cwtch_client import ClientError, Json

F = TypeVar("F", bound=Callable[..., object])

_LOOK_SECONDS = 2.0
"""How long to believe that nothing changed: an event before the subscription began is told to nobody."""
_AWAY_SECONDS = 0.3
_GONE = "waiting for the daemon"


def takes_wait(what: str) -> Callable[[F], F]:
    """Gives a command `wait` and `timeout`, in seconds."""

    def options(function: F) -> F:
        limit = click.option(
            "--timeout",
            type=click.FloatRange(0, min_open=True),
            metavar="SECONDS",
            help="Wait so long at most, then end with status 5; for ever without it.",
        )
        return click.option("--wait", is_flag=True, help=f"Wait until {what}.")(limit(function))

    return options


def until(
    invocation: Invocation,
    look: Callable[[], Json],
    step: Callable[[Json], tuple[bool, str, int | None]],
    *,
    profile: str | None,
    types: Sequence[str],
    seconds: float | None,
) -> tuple[Json, bool]:
    """Looks until `step` says of the answer that it is done; returns the last answer, and whether it was done in time.

    `step` says as well where it stands, in a few words and, where that can be told, in percent.
    """
    heard: queue.Queue[Heard] = queue.Queue(100)
    end = None if seconds is None else time.monotonic() + seconds
    follower = Follower(invocation.another_client(), heard.put)
    follower.start(profile, None, types)
    last: Json = None
    try:
        with Progress() as progress:
            while True:
                pause = _LOOK_SECONDS
                try:
                    last = look()
                except ClientError as error:
                    if not passes(error):
                        raise
                    pause = _AWAY_SECONDS
                    progress.show(_GONE, None)
                else:
                    done, words, percent = step(last)
                    progress.show(words, percent)
                    if done:
                        return last, True
                left = pause if end is None else min(pause, end - time.monotonic())
                if left <= 0:
                    return last, False
                _hear(heard, left)
    finally:
        follower.stop()


def _hear(heard: "queue.Queue[Heard]", seconds: float) -> None:
    try:
        told = heard.get(timeout=seconds)
        while not isinstance(told, Broken):
            told = heard.get_nowait()
        raise told.error
    except queue.Empty:
        pass
