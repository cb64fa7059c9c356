"""A daemon in a process of its own, with a blocking client: for tests that kill with real signals.

with nodes(folder, "alice", "bob") as (alice, bob): …
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 150.0
"""Seconds: Tor itself gives a circuit that does not come to be up after two minutes only."""

T = TypeVar("T")


def until(what: str, test: Callable[[], T], seconds: float = PATIENCE) -> T:
    """The first true value of `test()`, or a failure that says what was missing."""
    end = time.monotonic() + seconds
    while not (got := test()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.02)
    return got


class Refused(Exception):
    """An error reply."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code = error["code"]
        self.data = error.get("data") or {}
        self.name = self.data.get("name")


def refused(name: str | int, call: Callable[..., Any], /, *args: Any, **params: Any) -> Refused:
    """The call must be refused by this name, or with this code."""
    with pytest.raises(Refused) as error:
        call(*args, **params)
    assert name in (error.value.name, error.value.code)
    return error.value


class Caller:
    """One connection to a daemon."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._file = self._socket.makefile("rb")
        self._count = 0
        self.events: list[dict[str, Any]] = []

    def send(self, method: str, **params: Any) -> int:
        self._count += 1
        call = {"jsonrpc": "2.0", "id": self._count, "method": method, "params": params}
        self._socket.sendall(json.dumps(call).encode() + b"\n")
        return self._count

    def raw(self, data: bytes) -> Any:
        """Sends bytes as they are; the next line that comes back."""
        self._socket.sendall(data)
        return self.read()

    def read(self) -> Any:
        line = self._file.readline()
        if not line:
            raise ConnectionError
        return json.loads(line)

    def answer(self, number: int) -> Any:
        while True:
            read = self.read()
            if read.get("method") == "event":
                self.events.append(read["params"])
            elif read["id"] == number:
                if "error" in read:
                    raise Refused(read["error"])
                return read["result"]

    def __call__(self, method: str, **params: Any) -> Any:
        return self.answer(self.send(method, **params))

    def close(self) -> None:
        self._file.close()
        self._socket.close()


class Node:
    """One daemon with one profile."""

    def __init__(
        self, folder: Path, name: str, tor: str, *, module: str = "tests.support.daemon_process"
    ) -> None:
        self.home = folder / name
        self.socket = folder / f"{name}.sock"
        self.log = folder / f"{name}.log"
        self.name = name
        self.tor = tor
        self.password = f"the password of {name}"
        self.password_files: list[Path] = []
        """what opens profiles at each start, without a call"""
        self.more: dict[str, Any] = {}
        """more of the daemon's configuration"""
        self.id = ""
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None
        self._caller: Caller | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Starts the process and waits for its API."""
        self.spawn()
        self._caller = until(f"{self.name}'s API answers", self._connected)

    def spawn(self) -> None:
        """Starts the process and waits for nothing."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module, self.home, self.socket, self.tor, *self.password_files],
                cwd=ROOT,
                env={**os.environ, "CWTCHD_TEST_CONFIG": json.dumps(self.more)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _connected(self) -> Caller | None:
        assert self._process is not None
        assert self._process.poll() is None, f"{self.name} ended: {self.log.read_text()[-2000:]}"
        try:
            return Caller(self.socket)
        except OSError:
            return None

    def create(self) -> None:
        self.id = self.call("profile.create", name=self.name, password=self.password)["id"]

    def unlock(self) -> None:
        self.call("profile.unlock", password=self.password)

    def restart(self) -> None:
        self.start()
        self.unlock()

    def kill(self, how: signal.Signals = signal.SIGKILL) -> int:
        """Ends the process; returns its exit status."""
        assert self._process is not None
        self._process.send_signal(how)
        status = self._process.wait(PATIENCE)
        if self._caller is not None:
            self._caller.close()
            self._caller = None
        return status

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def caller(self) -> Caller:
        return Caller(self.socket)

    def call(self, method: str, **params: Any) -> Any:
        """A method of the daemon."""
        assert self._caller is not None
        return self._caller(method, **params)

    def __call__(self, method: str, **params: Any) -> Any:
        """A method of this node's profile."""
        return self.call(method, profile=self.id, **params)

    def send(self, conversation: int, text: str) -> Any:
        return self("message.send", conversation=conversation, text=text)

    def conversation_with(self, other: "Node") -> dict[str, Any] | None:
        found = [each for each in self("contact.list") if each["address"] == other.id]
        return found[0] if found else None

    def messages(self, conversation: int) -> list[dict[str, Any]]:
        """All of them, page by page, oldest first."""
        found: list[dict[str, Any]] = []
        more = True
        while more:
            before = found[0]["id"] if found else None
            page = self("message.list", conversation=conversation, limit=500, before=before)
            found = page["messages"] + found
            more = page["more"]
        return found

    def texts(self, conversation: int, *, outgoing: bool) -> list[str]:
        return [each["text"] for each in self.messages(conversation) if each["outgoing"] is outgoing]

    def events(self) -> list[dict[str, Any]]:
        """The whole log."""
        found: list[dict[str, Any]] = []
        while True:
            page = self("event.list", after=found[-1]["seq"] if found else 0, limit=1000)
            if not page["events"]:
                return found
            found += page["events"]


@contextlib.contextmanager
def nodes(
    folder: Path, *names: str, tor: str | None = None, more: dict[str, Any] | None = None
) -> Iterator[list[Node]]:
    """Daemons with a profile each; a LocalTor between them where no other is named. `more`: of their configuration."""
    onions = folder / "onions"
    onions.mkdir(exist_ok=True)
    made = [Node(folder, name, tor or f"local:{onions}") for name in names]
    try:
        for node in made:
            node.more = more or {}
            node.start()
            node.create()
        yield made
    finally:
        for node in made:
            node.end()


def befriend(alice: Node, bob: Node) -> tuple[int, int]:
    """Contacts by request and accept; each one's conversation with the other."""
    chat = alice("contact.add", address=bob.id, message="hello, may I?")["id"]
    until("bob sees the request", lambda: bob.conversation_with(alice))
    request = bob("contact.list")[0]["id"]
    bob("contact.accept", conversation=request)
    return chat, request
