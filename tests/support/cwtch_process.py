"""`cwtch` as a process of its own, with pipes or with a terminal whose other end the test holds."""

import codecs
import fcntl
import os
import pty
import re
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cwtch_client.testing import FakeDaemon

TREE = Path(__file__).parents[2]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(TREE / "clients"), "NO_COLOR": "1", "TERM": "xterm"}


def command(daemon: FakeDaemon, *words: str) -> list[str]:
    return [sys.executable, "-m", "cwtch_cli", "--socket", str(daemon.path), *words]


@contextmanager
def started(
    daemon: FakeDaemon, *words: str, stdin: int = subprocess.DEVNULL
) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        command(daemon, *words),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def on_terminal(daemon: FakeDaemon, *words: str) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """`cwtch` with a terminal of its own, whose other end the test holds."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command(daemon, *words),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(),
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - the only way to give it a terminal
    )
    os.close(theirs)
    with process:
        try:
            yield process, ours
        finally:
            process.kill()
            os.close(ours)


class Screen:
    """What a terminal showed so far, from the last thing on that was waited for."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._seen = 0
        self.text = ""

    def until(self, words: str) -> None:
        """Waits till these words are shown behind those that were waited for before."""
        timer = threading.Timer(20, os._exit, [99])  # a hang must not outlive the test
        timer.start()
        try:
            while (at := self.text.find(words, self._seen)) < 0:
                self.text += self._decoder.decode(os.read(self._terminal, 4096))
        except OSError:
            raise AssertionError(
                f"it ended before it showed {words!r}: {self.text[self._seen :]!r}"
            ) from None
        finally:
            timer.cancel()
        self._seen = at + len(words)

    def type(self, line: str) -> None:
        os.write(self._terminal, line.encode() + b"\n")

    def rows(self) -> list[str]:
        """The rows as a person sees them: what was drawn over is gone."""
        rows, at, column = [""], 0, 0
        for piece in re.split(r"(\x1b\[[0-?]*[ -/]*[@-~]|[\r\n])", self.text):
            if piece == "\r":
                column = 0
            elif piece == "\n":
                at += 1
                rows += [""] * (at == len(rows))
            elif piece == "\x1b[A":
                at -= 1
            elif piece == "\x1b[K":
                rows[at] = rows[at][:column]
            elif piece.startswith("\x1b["):
                column += int(piece[2:-1]) if piece.endswith("C") else 0
            else:
                rows[at] = rows[at][:column].ljust(column) + piece + rows[at][column + len(piece) :]
                column += len(piece)
        return rows
