"""The interface on a stage: textual's pilot, a fake daemon on a real socket, a clock that stands still.

A scenario is a coroutine that takes a Stage.
"""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from textual.events import Paste
from textual.pilot import Pilot

from cwtch_client import AsyncClient
from cwtch_client.testing import FakeDaemon
from cwtch_tui.app import CwtchApp
from tests.support.own_loop import on_own_loop

SECONDS = 20.0
NOW = 1_793_622_720_000


class Stage:
    """An app that runs, its keyboard and its screen."""

    def __init__(self, app: CwtchApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def screen(self) -> str:
        """What the terminal shows of the uppermost screen."""
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    async def until(self, test: Callable[[], object], what: str = "a condition") -> None:
        """Waits till it is so."""
        try:
            async with asyncio.timeout(SECONDS):
                while not test():
                    await self.pilot.pause(0.01)
        except TimeoutError:
            raise AssertionError(f"{what} was waited for in vain; the screen shows\n{self.screen}") from None

    async def sees(self, *words: str) -> None:
        """Waits till all the words are on the screen."""
        await self.until(lambda: all(each in self.screen for each in words), f"{words}")

    async def misses(self, *words: str) -> None:
        """Waits till none of the words is on the screen."""
        await self.until(lambda: not any(each in self.screen for each in words), f"the end of {words}")

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        await self.pilot.press(*text)

    async def paste(self, text: str) -> None:
        self.app.post_message(Paste(text))
        await self.pilot.pause()

    async def open(self, conversation: int) -> None:
        """Opens a conversation, as Enter does."""
        await self.until(
            lambda: self.app.state.place and conversation in self.app.state.place.conversations, "the contact"
        )
        await self.pilot.pause()
        self.app.main.open(conversation)
        await self.until(
            lambda: self.app.state.place and self.app.state.place.transcript is not None, "the messages"
        )
        await self.pilot.pause()


Scenario = Callable[[Stage], Coroutine[Any, Any, None]]
Play = Callable[..., None]


def played(
    path: Path,
    scenario: Scenario,
    size: tuple[int, int] = (80, 24),
    wanted: str | None = None,
    now: Callable[[], int] = lambda: NOW,
) -> None:
    """Plays a scenario to its end."""

    async def play() -> None:
        app = CwtchApp(AsyncClient(path), "cwtchd run", wanted, now)
        app.animation_level = "none"
        async with app.run_test(size=size, notifications=True) as pilot:
            await scenario(Stage(app, pilot))

    on_own_loop(play)()


@pytest.fixture
def play(daemon: FakeDaemon) -> Play:
    def on_the_fake(scenario: Scenario, **how: Any) -> None:
        played(daemon.path, scenario, **how)

    return on_the_fake
