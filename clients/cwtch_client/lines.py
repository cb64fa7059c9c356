"""A UNIX socket that carries lines of at most 1 MiB, with a time limit on everything.

Rules: nothing is kept beyond one line's bound; a line that is longer ends the connection.
"""

import errno
import socket
import time
from pathlib import Path

from cwtch_client.errors import BadAnswer, CallTooLong, ConnectionLost, DaemonAbsent, NoAnswer, SocketRefused

LINE_BYTES = 1 << 20
_READ_BYTES = 1 << 16
_BUSY_SECONDS = 0.01


class LineSocket:
    """One connection to the daemon. `timeout` is in seconds, for connecting and for each line sent."""

    def __init__(self, path: Path, timeout: float) -> None:
        """Connects. Raises DaemonAbsent, SocketRefused or NoAnswer."""
        self._timeout = timeout
        self._buffer = bytearray()
        self._searched = 0
        self._socket = _connected(path, timeout)

    def send(self, line: bytes) -> None:
        """Sends one line, given without its end. Raises CallTooLong, ConnectionLost or NoAnswer."""
        if len(line) > LINE_BYTES:
            raise CallTooLong(len(line), LINE_BYTES)
        self._socket.settimeout(self._timeout)
        try:
            self._socket.sendall(line + b"\n")
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


def _connected(path: Path, timeout: float) -> socket.socket:
    deadline = time.monotonic() + timeout
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.settimeout(timeout)
        while True:
            try:
                made.connect(str(path))
            except BlockingIOError:
                # Others are waiting to be let in: a daemon is there, only busy.
                if time.monotonic() > deadline:
                    raise NoAnswer(timeout) from None
                time.sleep(_BUSY_SECONDS)
            else:
                return made
    except TimeoutError:
        made.close()
        raise NoAnswer(timeout) from None
    except OSError as error:
        made.close()
        raise _refusal(path, error) from None
    except BaseException:
        made.close()
        raise


def _refusal(path: Path, error: OSError) -> DaemonAbsent | SocketRefused:
    if error.errno in (errno.EACCES, errno.EPERM):
        return SocketRefused(
            f"This user may not use the socket {path}: run it as the user who runs the daemon."
        )
    if error.errno is None:
        # Python's own refusal, before the system is asked: the path does not fit an AF_UNIX address.
        return SocketRefused("The socket's path is too long: name a shorter one with --socket.")
    return DaemonAbsent(path)
