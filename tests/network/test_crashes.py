"""kill -9 at random moments, over a folder for a Tor: the same story as on real Tor, told faster."""

import random
from pathlib import Path

from tests.support.crash import Crashes, crash_story
from tests.support.node import nodes


def test_bob_is_killed_fifty_times(tmp_path: Path) -> None:
    with nodes(tmp_path, "alice", "bob") as (alice, bob):
        crash_story(alice, bob, 200, Crashes(kills=50, longest_wait=0.15), random.randrange(1 << 32))
