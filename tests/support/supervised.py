"""A daemon as a supervisor starts it: by its command line, with an environment, and with a socket on which it tells how it is."""

import os
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.support.node import PATIENCE, ROOT, Node


class NotifySocket:
    """What systemd would listen on. `address` is a path, or begins with @ where it is abstract."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.said: list[dict[str, str]] = []
        """each datagram, its lines by name"""

    def fileno(self) -> int:
        return self._socket.fileno()

    def next(self, seconds: float = PATIENCE) -> dict[str, str] | None:
        """The next datagram, None where none comes in time."""
        with selectors.DefaultSelector() as selector:
            selector.register(self, selectors.EVENT_READ)
            if not selector.select(seconds):
                return None
        lines = self._socket.recv(4096).decode().splitlines()
        told = dict(line.split("=", 1) for line in lines)
        self.said.append(told)
        return told

    def until(self, what: str, test: Callable[[dict[str, str]], object]) -> dict[str, str]:
        """The first datagram for which `test` holds."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            told = self.next(end - time.monotonic())
            if told is not None and test(told):
                return told
        raise AssertionError(f"{what} was waited for in vain; said: {self.said[-5:]}")

    def drain(self) -> None:
        """Takes what is there."""
        while self.next(0) is not None:
            pass

    def close(self) -> None:
        self._socket.close()


class Supervised(Node):
    """`cwtchd run` with these options; its tor never comes, unless an option names one."""

    def __init__(
        self,
        folder: Path,
        name: str,
        options: Sequence[str | Path] = (),
        *,
        environment: Mapping[str, str] | None = None,
        descriptors: Sequence[int] = (),
    ) -> None:
        super().__init__(folder, name, "")
        self.options = list(options)
        if not {"--tor", "--tor-network"} & {*options}:
            self.options += ["--tor", f"unix:{folder / 'no-tor'}"]
        self.environment = dict(environment or {})
        self.descriptors = descriptors

    def spawn(self) -> None:
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "cwtchd",
            "run",
            "--home",
            self.home,
            "--socket",
            self.socket,
        ]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command + self.options,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                pass_fds=self.descriptors,
            )

    def profiles(self) -> list[str]:
        """The names of those that are open."""
        return sorted(each["name"] for each in self.call("profile.list"))

    def told(self) -> str:
        """The whole log."""
        return self.log.read_text()
