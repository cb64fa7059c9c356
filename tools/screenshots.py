"""The pictures of `cwtch tui` in docs/screenshots: the real interface, a fake daemon, and a cast that never changes.

`python -m tools.screenshots` writes them: the same bytes on every run with the same textual. Another folder may be named.
"""

import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from cwtch_client import AsyncClient, Json
from cwtch_client.fake_world import FakeProfile, World, onion
from cwtch_client.testing import FakeDaemon
from cwtch_tui.app import CwtchApp

FOLDER = Path(__file__).parent.parent / "docs" / "screenshots"
NOW = 1_793_622_720_000  # Monday 2 November 2026, 12:32 UTC
_MINUTE = 60_000
_SIZE = (80, 24)
_SECONDS = 30.0

Values = dict[str, Json]
Scene = Callable[[Pilot[None], CwtchApp], Awaitable[None]]


def cast(world: World) -> None:
    """Alice and whom she knows."""
    alice = world.create("alice", "a long sentence")
    bob = _contact(world, alice, "bob", "authenticated", since=95, heard=3)
    _said(world, alice, bob, 1_420, "Did the parcel come?")
    _said(world, alice, bob, 1_400, "It did, thank you. The tea is gone already.", "delivered")
    _said(
        world,
        alice,
        bob,
        21,
        "Then I'll send more of it. Are we still on for Thursday? The late train would suit me better.",
    )
    _said(world, alice, bob, 9, "Yes. I'll wait at the north door.", "delivered")
    _said(world, alice, bob, 3, "Good. [b]Bring[/b] the \x1b[31mred\x1b[0m one.")
    carol = _contact(world, alice, "carol", "connecting", since=1, heard=190)
    _said(world, alice, carol, 2, "I have the numbers, call when you can.", "queued")
    dave = _contact(world, alice, "dave", "disconnected", since=3_000, heard=2_900)
    _said(world, alice, dave, 2_950, "I am away till Sunday.")
    _said(world, alice, dave, 2_940, "Keep the key.")
    dave["unread"] = 2
    _contact(world, alice, "Frau Dr. Margarete Mustermann-Habsburg", "disconnected", since=None, heard=None)
    stranger = world.add_conversation(alice, onion("somebody"), "", "pending")
    _said(world, alice, stranger, 40, "Hello Alice, Bob gave me your address.\nIt is Erin, from the choir.")
    stranger["unread"] = 1
    _contact(world, alice, "spammer", "disconnected", since=None, heard=None)["state"] = "blocked"
    work = world.create("work", "another sentence")
    boss = _contact(world, work, "boss", "authenticated", since=10, heard=1)
    _said(world, work, boss, 1, "A minute?")
    boss["unread"] = 1


def _contact(
    world: World, profile: FakeProfile, name: str, state: str, since: int | None, heard: int | None
) -> Values:
    made = world.add_conversation(profile, onion(name), name, "accepted")
    made["connection"] = {
        "state": state,
        "since": since and NOW - since * _MINUTE,
        "last_proof_at": heard and NOW - heard * _MINUTE,
        "next_dial_at": NOW + 8 * _MINUTE if state == "disconnected" else None,
        "last_failure": "not_published" if state == "disconnected" else None,
    }
    return made


def _said(
    world: World, profile: FakeProfile, to: Values, ago: int, text: str, state: str | None = None
) -> None:
    at = NOW - ago * _MINUTE
    world.add_message(
        profile,
        to,
        outgoing=state is not None,
        text=text,
        state=state or "read",
        sent_at=at,
        received_at=None if state else at,
        delivery=None,
    )
    to["last_message_at"] = at


# --- scenes ----------------------------------------------------------------------------------------------------------


async def _until(pilot: Pilot[None], test: Callable[[], object]) -> None:
    async with asyncio.timeout(_SECONDS):
        while not test():
            await pilot.pause(0.01)
    await pilot.pause()


async def _at(pilot: Pilot[None], app: CwtchApp, name: str) -> None:
    place = app.state.place
    assert place is not None
    number = next(each.id for each in place.conversations.values() if each.name == name)
    app.main.open(number)
    await _until(pilot, lambda: app.state.place and app.state.place.transcript is not None)


async def main_scene(pilot: Pilot[None], app: CwtchApp) -> None:
    """A conversation, and an answer half written."""
    await _at(pilot, app, "bob")
    await pilot.press(*"See you")


async def request_scene(pilot: Pilot[None], app: CwtchApp) -> None:
    """Somebody asks."""
    await _at(pilot, app, "")
    await _until(pilot, lambda: len(app.screen_stack) > 1)


async def add_scene(pilot: Pilot[None], app: CwtchApp) -> None:
    """An address and a code."""
    await pilot.press("a")
    await _until(pilot, lambda: len(app.screen_stack) > 1)


async def unlock_scene(pilot: Pilot[None], app: CwtchApp) -> None:
    """A password."""
    await pilot.press("u")
    await _until(pilot, lambda: len(app.screen_stack) > 1)
    await pilot.press(*"a long sen")


async def help_scene(pilot: Pilot[None], app: CwtchApp) -> None:
    """All keys."""
    await pilot.press("question_mark")
    await _until(pilot, lambda: len(app.screen_stack) > 1)


SCENES: tuple[tuple[str, Scene, bool], ...] = (
    ("main", main_scene, False),
    ("main-monochrome", main_scene, True),
    ("request", request_scene, False),
    ("add-contact", add_scene, False),
    ("unlock", unlock_scene, False),
    ("help", help_scene, False),
)


async def picture(scene: Scene, *, monochrome: bool) -> str:
    """One scene, played and drawn."""
    os.environ.pop("NO_COLOR", None)
    if monochrome:
        os.environ["NO_COLOR"] = "1"
    with tempfile.TemporaryDirectory() as folder, FakeDaemon(Path(folder) / "s") as daemon:
        cast(daemon.world)
        app = CwtchApp(AsyncClient(daemon.path), wanted="alice", now=lambda: NOW)
        app.animation_level = "none"
        async with app.run_test(size=_SIZE) as pilot:
            await _until(
                pilot, lambda: app.state.profiles and all(each.known for each in app.state.profiles.values())
            )
            await scene(pilot, app)
            for field in app.screen.query("Input, TextArea"):
                if isinstance(field, Input | TextArea):
                    field.cursor_blink = False
            await pilot.pause()
            return scrubbed(app)


def scrubbed(app: App[None]) -> str:
    """The screen as SVG, without fonts from elsewhere."""
    drawn = app.export_screenshot(title="cwtch tui")
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r"<!--.*?-->\s*", "", drawn, flags=re.DOTALL)
    return drawn.replace("Fira Code, monospace", "DejaVu Sans Mono, monospace").rstrip() + "\n"


def main(folder: Path = FOLDER) -> int:
    """Writes them all."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    folder.mkdir(parents=True, exist_ok=True)
    for name, scene, monochrome in SCENES:
        (folder / f"{name}.svg").write_text(asyncio.run(picture(scene, monochrome=monochrome)), "utf-8")
        print(f"{folder / name}.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
