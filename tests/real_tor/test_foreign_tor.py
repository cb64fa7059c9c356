"""The system's tor: every way in that a control port offers, where onions listen then, and a daemon that comes back to a living tor."""

import os
import pwd
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from cwtchd.tor.locate import find_tor
from tests.support.node import Node, befriend, until
from tests.support.supervised import Supervised
from tests.support.tor_process import TorProcess

TOR_PASSWORD = "the password of a control port"


class SystemTor(TorProcess):
    """A tor whose control port somebody else has set up."""

    def __init__(self, network: Path, control: str, *lines: str) -> None:
        super().__init__(network)
        self._written = self.folder / "port"
        torrc = (self.folder / "torrc").read_text().replace("CookieAuthentication 1\n", "")
        if control == "tcp":
            torrc = re.sub(
                "ControlPort .*", f"ControlPort 127.0.0.1:auto\nControlPortWriteToFile {self._written}", torrc
            )
            self.control = self._written  # what is waited for
        (self.folder / "torrc").write_text(torrc + "\n".join(lines) + "\n")

    @property
    def where(self) -> str:
        """What --tor is given."""
        if self.control == self._written:
            return self._written.read_text().strip().removeprefix("PORT=")
        return f"unix:{self.control}"


def hashed(password: str) -> str:
    """What a torrc holds of a password."""
    ran = subprocess.run(
        [find_tor(None), "--quiet", "--hash-password", password], capture_output=True, text=True, check=True
    )
    return f"HashedControlPassword {ran.stdout.strip().splitlines()[-1]}"


@contextmanager
def running(tor: SystemTor) -> Iterator[SystemTor]:
    try:
        tor.start()
        yield tor
    finally:
        tor.end()


@pytest.fixture
def friend(private_network: Path, tmp_path: Path) -> Iterator[Node]:
    """Somebody on the same network, with a tor of their own."""
    made = Node(tmp_path, "friend", f"network:{private_network}")
    try:
        made.start()
        made.create()
        yield made
    finally:
        made.end()


def private(path: Path, content: str) -> Path:
    path.write_text(content)
    path.chmod(0o600)
    return path


def loopback_listeners(pid: int) -> list[str]:
    """The IPv4 addresses on which a process listens."""
    inodes = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            inodes.add(descriptor.readlink().name)
    found = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
            found.append(".".join(str(byte) for byte in reversed(bytes.fromhex(fields[1].split(":")[0]))))
    return found


@dataclass(frozen=True)
class Way:
    """A way into a control port, and where an onion listens then."""

    control: str
    auth: str
    by_socket: bool


@pytest.mark.parametrize(
    "way",
    [
        Way("unix", "cookie", by_socket=True),
        Way("unix", "password", by_socket=True),
        Way("tcp", "cookie", by_socket=False),
        Way("tcp", "password", by_socket=False),
    ],
    ids=lambda way: f"{way.control}-{way.auth}",
)
def test_a_killed_daemon_is_reached_again_over_the_same_living_tor(
    private_network: Path, friend: Node, tmp_path: Path, way: Way
) -> None:
    lines = ["CookieAuthentication 1"] if way.auth == "cookie" else [hashed(TOR_PASSWORD)]
    with running(SystemTor(private_network, way.control, *lines)) as tor:
        options: list[str | Path] = ["--tor", tor.where]
        if way.auth == "password":
            options += ["--tor-password-file", private(tmp_path / "tor-password", TOR_PASSWORD + "\n")]
        node = Supervised(tmp_path, "node", options)
        node.options += ["--password-file", private(tmp_path / "password", node.password)]
        try:
            node.start()
            node.create()
            _, request = befriend(node, friend)
            assert node.kill() == -signal.SIGKILL
            friend.send(request, "after the kill")
            node.spawn()  # as a supervisor would: nobody calls it
            until("it is reached again", lambda: _delivered(friend, request))
            assert node.kill(signal.SIGTERM) == 0
            node.start()
            until("its onion is published", lambda: _published(node))
            status = node.call("tor.status")
            listening = loopback_listeners(node.pid)
            if way.by_socket:
                assert (status["warning"], listening) == (None, [])
            else:
                assert "loopback TCP" in status["warning"]
                assert len(listening) == 1
                assert listening[0].startswith("127.")
                assert listening[0] != "127.0.0.1"
            assert TOR_PASSWORD not in node.told()
            assert tor.where not in node.told()
        finally:
            node.end()


def _delivered(node: Node, conversation: int) -> bool:
    return all(each["state"] == "delivered" for each in node.messages(conversation) if each["outgoing"])


def _published(node: Node) -> bool:
    return any(profile["published_since"] for profile in node.call("profile.list"))


def test_a_wrong_or_missing_password_is_a_sentence_and_the_right_one_needs_no_restart(
    private_network: Path, tmp_path: Path
) -> None:
    with running(SystemTor(private_network, "unix", hashed(TOR_PASSWORD))) as tor:
        password = tmp_path / "tor-password"
        node = Supervised(tmp_path, "node", ["--tor", tor.where, "--tor-password-file", password])
        try:
            node.start()
            until("the missing file is said", lambda: "can't be had" in node.call("tor.status")["summary"])
            private(password, "a canary")
            until("the refusal is said", lambda: "did not let us in" in node.call("tor.status")["summary"])
            private(password, TOR_PASSWORD)
            until("it is let in", lambda: node.call("tor.status")["state"] == "ready")
            assert "canary" not in node.told()
        finally:
            node.end()


@pytest.mark.skipif(os.getuid() != 0, reason="a tor of another user needs root to be started")
def test_a_tor_that_became_another_user_gets_no_socket_that_it_could_not_reach(
    private_network: Path, friend: Node, tmp_path: Path
) -> None:
    """Debian's tor begins as root and becomes debian-tor: what the kernel says of its socket is who it was."""
    other = pwd.getpwnam("nobody")
    tor = SystemTor(private_network, "unix", "CookieAuthentication 1", "User nobody")
    (tor.folder / "data").mkdir(mode=0o700)
    (tor.folder / "log").touch()
    for path in (tor.folder, tor.folder / "data", tor.folder / "log"):
        os.chown(path, other.pw_uid, other.pw_gid)
    with running(tor):
        node = Supervised(tmp_path, "node", ["--tor", tor.where])
        try:
            node.start()
            node.create()
            assert "loopback TCP" in until("a warning", lambda: node.call("tor.status")["warning"])
            friend_to_node = friend("contact.add", address=node.id, message="can you hear me?")["id"]
            until("it is reached", lambda: _delivered(friend, friend_to_node))
        finally:
            node.end()
