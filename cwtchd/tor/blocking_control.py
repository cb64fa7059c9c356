"""Tor's control port without a loop, for the command line's throw-away tor: a few commands, a few events.

The daemon's is control.py. Every wait is short and calls `pause`, which may raise to give up.
"""

import contextlib
import re
import socket
from collections.abc import Callable
from pathlib import Path

_LONGEST_LINE = 1 << 16
_STEP_SECONDS = 0.1


class ControlFailed(Exception):
    """The tor hung up, or refused a command. The text is a sentence."""


class BlockingControl:
    """One authenticated control connection over a UNIX socket."""

    def __init__(self, path: Path, cookie: Path, pause: Callable[[], None]) -> None:
        self._pause = pause
        self._heard = b""
        self._events: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_STEP_SECONDS)
        try:
            self._socket.connect(str(path))
            self.ask(f"AUTHENTICATE {cookie.read_bytes().hex()}")
        except OSError as error:
            self.close()
            raise ControlFailed("The control port of the trial tor could not be used.") from error
        except BaseException:
            self.close()
            raise

    def ask(self, command: str) -> str:
        """Sends a command; returns its answer's lines. Raises ControlFailed."""
        self._socket.sendall(command.encode() + b"\r\n")
        lines: list[str] = []
        while True:
            line = self._line()
            if line.startswith("650"):
                self._events.append(line[4:])
                continue
            lines.append(line[4:])
            if line[3:4] == " ":
                if line[0] != "2":
                    raise ControlFailed("The trial tor refused a command.")
                return "\n".join(lines)

    def wait_for(self, pattern: str) -> None:
        """Returns once an event matched."""
        while not any(re.match(pattern, event) for event in self._events):
            line = self._line()
            if line.startswith("650"):
                self._events.append(line[4:])

    def close(self) -> None:
        """Hangs up."""
        self._socket.close()

    def _line(self) -> str:
        while b"\r\n" not in self._heard:
            self._heard += receive(self._socket, self._pause)
            if len(self._heard) > _LONGEST_LINE:
                raise ControlFailed("The trial tor said too much at once.")
        line, _, self._heard = self._heard.partition(b"\r\n")
        return line.decode("ascii", "replace")


def receive(connection: socket.socket, pause: Callable[[], None]) -> bytes:
    """Waits for bytes on a socket that has a timeout. Raises ControlFailed where the other side closed it."""
    while True:
        with contextlib.suppress(TimeoutError):
            data = connection.recv(4096)
            if not data:
                raise ControlFailed("The trial tor closed a connection.")
            return data
        pause()
