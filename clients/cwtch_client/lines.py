"""A UNIX socket that carries lines of at most 1 MiB, with a time limit on everything.

Rules: nothing is kept beyond one line's bound; a line that is longer ends the connection.
"""

import errno
import socket
import time
from pathlib import Path

from cwtch_client.calls import LINE_BYTES
from cwtch_client.errors import BadAnswer, ConnectionLost, DaemonAbsent, NoAnswer, SocketRefused

BUSY_SECONDS = 0.01
"""How long to wait before knocking again where others wait to be let in."""

_READ_BYTES = 1 << 16


class LineSocket:
    """One connection to the daemon. `timeout` is in seconds, for connecting and for each line sent."""

    def __init__(self, path: Path, timeout: float) -> None:
        """Connects. Raises DaemonAbsent, SocketRefused or NoAnswer."""
        self._timeout = timeout
        self._buffer = bytearray()
        self._searched = 0
        self._socket = _connected(path, timeout)

    def send(self, line: bytes) -> None:
        """Sends one line, given with its end. Raises ConnectionLost or NoAnswer."""
        self._socket.settimeout(self._timeout)
        try:
            self._socket.sendall(line)
        except TimeoutError:
            raise NoAnswer(self._timeout) from None
        except OSError:
            raise ConnectionLost from None

    def receive(self, deadline: float | None) -> bytes:
        """The next line, without its end; waits until `deadline` (of time.monotonic), or for ever where it is None.

        Raises ConnectionLost, NoAnswer or BadAnswer.
        """
        while (end := self._buffer.find(b"\n", self._searched)) < 0:
            self._searched = len(self._buffer)
            if self._searched > LINE_BYTES:
                raise BadAnswer
            self._buffer += self._read(deadline)
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        if len(line) > LINE_BYTES:
            raise BadAnswer
        return line

    def _read(self, deadline: float | None) -> bytes:
        left = None if deadline is None else max(0.001, deadline - time.monotonic())
        self._socket.settimeout(left)
        try:
            data = self._socket.recv(_READ_BYTES)
        except TimeoutError:
            raise NoAnswer(self._timeout) from None
        except OSError:
            raise ConnectionLost from None
        if not data:
            raise ConnectionLost
        return data

    def close(self) -> None:
        """Ends the connection."""
        self._socket.close()


def try_connect(path: Path) -> socket.socket | None:
    """A connected socket that does not block; None while others wait to be let in: a daemon is there, only busy.

    Raises DaemonAbsent or SocketRefused.
    """
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.connect(str(path))
    except BlockingIOError:
        made.close()
        return None
    except OSError as error:
        made.close()
        raise _refusal(path, error) from None
    except BaseException:
        made.close()
        raise
    return made


def _connected(path: Path, timeout: float) -> socket.socket:
    deadline = time.monotonic() + timeout
    while (made := try_connect(path)) is None:
        if time.monotonic() > deadline:
            raise NoAnswer(timeout)
        time.sleep(BUSY_SECONDS)
    return made


def _refusal(path: Path, error: OSError) -> DaemonAbsent | SocketRefused:
    if error.errno in (errno.EACCES, errno.EPERM):
        return SocketRefused(
            f"This user may not use the socket {path}: run it as the user who runs the daemon."
        )
    if error.errno is None:
        # Python's own refusal, before the system is asked: the path does not fit an AF_UNIX address.
        return SocketRefused("The socket's path is too long: name a shorter one with --socket.")
    return DaemonAbsent(path)
