"""The interface with real daemons: a request, a name for it, both ways, a kill and a restart."""

import asyncio
import time
from pathlib import Path

from tests.support.node import Node, nodes
from tests.unit.clients.tui.conftest import Stage, played


def test_two_people_meet_and_one_daemon_is_killed(tmp_path: Path) -> None:
    with nodes(tmp_path, "alice", "bob") as (alice, bob):

        async def scenario(stage: Stage) -> None:
            await stage.sees("alice", "Nobody is here yet.", "Tor ready")
            chat = (await asked(bob, "contact.add", address=alice.id, message="hello, may I?"))["id"]
            await stage.sees("wants to talk to you", "1 new")
            await stage.until(lambda: stage.app.focused is not None, "the list")
            await stage.press("enter")
            await stage.sees("│ hello, may I?", bob.id[:8])
            await stage.press("shift+tab")
            await stage.type("bob")
            await stage.press("enter")
            await stage.sees("Write to bob", "● connected, heard just now")
            await stage.until(
                lambda: stage.app.focused and stage.app.focused.id == "composer", "the composer"
            )
            await stage.type("of course")
            await stage.press("enter")
            await stage.sees("✓ delivered")
            await asked(bob, "message.send", conversation=chat, text="good")
            await stage.sees("good")
            await stage.misses("1 new")

            await stage.type("half a thought")
            await asyncio.to_thread(alice.kill)
            await stage.sees("The daemon is gone.")
            await asyncio.to_thread(alice.start)
            await stage.sees("No profile is open.")
            await stage.press("u")
            await stage.type(alice.password)
            await stage.press("enter")
            await stage.sees("half a thought", "of course", "● connected")

        played(alice.socket, scenario, now=lambda: time.time_ns() // 1_000_000)


async def asked(node: Node, method: str, **params: object) -> dict[str, int]:
    """A call that does not hold up the screen."""
    found: dict[str, int] = await asyncio.to_thread(lambda: node(method, **params))
    return found
