"""A node under a supervisor, with a tor of its own: killed and started again, it is online without a person."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.node import Node, befriend, until
from tests.support.supervised import NotifySocket, Supervised


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[NotifySocket]:
    made = NotifySocket(str(tmp_path / "notify"))
    yield made
    made.close()


def child_of(pid: int) -> int | None:
    """The tor that a daemon has started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else None


@pytest.mark.timeout(400)
def test_a_killed_node_and_its_tor_are_back_without_a_person(
    private_network: Path, heard: NotifySocket, tmp_path: Path
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    node = Supervised(
        tmp_path,
        "node",
        ["--tor-network", private_network],
        environment={
            "NOTIFY_SOCKET": heard.address,
            "WATCHDOG_USEC": "10000000",
            "CREDENTIALS_DIRECTORY": str(credentials),
        },
    )
    (credentials / "password").write_text(node.password)
    friend = Node(tmp_path, "friend", f"network:{private_network}")
    try:
        for each in (node, friend):
            each.start()
            each.create()
        _, request = befriend(node, friend)
        tor = until("its tor", lambda: child_of(node.pid))
        environment = Path(f"/proc/{tor}/environ").read_bytes()
        assert b"NOTIFY_SOCKET" not in environment
        assert b"WATCHDOG" not in environment
        assert node.kill() == -signal.SIGKILL
        until("its tor goes with it", lambda: not Path(f"/proc/{tor}").exists(), 5)
        friend.send(request, "while you were dead")
        heard.drain()
        node.spawn()  # as a supervisor would: nobody calls it
        heard.until("READY", lambda told: told.get("READY") == "1")
        heard.until(
            "online", lambda told: "Tor is ready. Profiles open: 1, online: 1." in told.get("STATUS", "")
        )
        # A circuit that does not come to be is given up by Tor after two minutes only, and a busy machine has such.
        until("it is reached", lambda: friend.messages(request)[-1]["state"] == "delivered", 200)
        assert node.kill(signal.SIGTERM) == 0
    finally:
        for each in (node, friend):
            each.end()
