"""Two daemons over real onion services: the crash story, and a tor that dies under its daemon."""

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.crash import Crashes, crash_story, everything_arrived
from tests.support.node import Node, befriend, until
from tests.support.tor_process import TorProcess

PATIENCE = 60


@pytest.fixture
def pair(tors: list[TorProcess], tmp_path: Path) -> Iterator[list[Node]]:
    """alice and bob, each attached to a tor of their own."""
    made = [
        Node(tmp_path, name, f"unix:{tor.control}") for name, tor in zip(("alice", "bob"), tors, strict=True)
    ]
    try:
        for node in made:
            node.start()
            node.create()
        yield made
    finally:
        for node in made:
            node.end()


@pytest.mark.timeout(400)
def test_bob_is_killed_fifty_times_and_five_times_with_his_tor(
    pair: list[Node], tors: list[TorProcess]
) -> None:
    alice, bob = pair

    def kill_his_tor_too(kill: int) -> None:
        if kill % 10 == 5:
            tors[1].kill()
            tors[1].start()

    crashes = Crashes(kills=50, longest_wait=1.5, after_kill=kill_his_tor_too)
    crash_story(alice, bob, 200, crashes, random.randrange(1 << 32))


def test_when_its_tor_dies_the_daemon_says_so_and_has_another(private_network: Path, tmp_path: Path) -> None:
    made = [Node(tmp_path, name, f"network:{private_network}") for name in ("alice", "bob")]
    alice, bob = made
    try:
        for node in made:
            node.start()
            node.create()
        chat, request = befriend(alice, bob)
        watcher = bob.caller()
        watcher("event.subscribe", types=["tor.changed"])
        os.kill(_tor_of(bob), signal.SIGKILL)
        states: list[str] = []
        while not states or states[-1] != "ready":
            states.append(watcher.read()["params"]["data"]["state"])
        assert states[0] == "lost"
        watcher.close()
        alice.send(chat, "after your tor died")
        bob.send(request, "I have another")
        everything_arrived(alice, chat, ["I have another"], ["hello, may I?", "after your tor died"])
        everything_arrived(bob, request, ["hello, may I?", "after your tor died"], ["I have another"])
        until("its onion is published again", lambda: bob("profile.get")["published_since"], PATIENCE)
        orphan = _tor_of(bob)
        bob.kill()
        until("its tor goes with it", lambda: not Path(f"/proc/{orphan}").exists(), 5)
    finally:
        for node in made:
            node.end()


def _tor_of(node: Node) -> int:
    """The tor that a daemon owns."""
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                fields = (process / "stat").read_text().rpartition(")")[2].split()
                if fields[1] == str(node.pid) and (process / "comm").read_text().strip() == "tor":
                    return int(process.name)
            except OSError:
                continue
    pytest.fail(f"{node.name} has no tor")
