"""What the daemon says to whoever runs it: one line an event, on standard error, with nothing in it that identifies anyone.

Rules: fields are numbers and constant words. An exception is named by its class and the places in the code that it went through; its
text is never written, since it may carry what a peer or a caller sent. Anything that looks like an onion is struck out.
"""

import contextlib
import logging
import re
import secrets
import sys
import threading
import time
import traceback
from collections.abc import Callable

from twisted.logger import ILogObserver, LogEvent, globalLogBeginner
from twisted.python.failure import Failure
from zope.interface import implementer

ONION = re.compile(r"[a-z2-7]{56}", re.IGNORECASE)


def _to_standard_error(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is the one place that prints


_write: Callable[[str], None] = _to_standard_error


def write_to(write: Callable[[str], None]) -> None:
    """Sends the lines elsewhere (tests)."""
    global _write  # noqa: PLW0603 - one log a process
    _write = write


def info(what: str, **fields: int | str | None) -> None:
    """Writes one line: what happened, in constant words, and its fields."""
    if not _due(what):
        return
    told = " ".join(f"{name}={value}" for name, value in fields.items())
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    # Whoever read the log may be gone, or its disk full: that must stop nothing else.
    with contextlib.suppress(OSError, ValueError):
        _write(ONION.sub("<onion>", f"{moment} {what}{' ' if told else ''}{told}"))


LINES_A_MINUTE = 30
_told: dict[str, tuple[int, int]] = {}
"""For each kind of line, the minute and how many of it were written then: no peer may fill a disk with them."""


def _due(what: str) -> bool:
    minute = int(time.monotonic() // 60)
    before, count = _told.get(what, (minute, 0))
    count = count + 1 if before == minute else 1
    _told[what] = (minute, count)
    return count <= LINES_A_MINUTE


def unforeseen(what: str, error: BaseException | None) -> str:
    """Writes where an error came from, never what it says. Returns the incident's id, which is all that a caller is told."""
    incident = secrets.token_hex(6)
    frames = traceback.extract_tb(error.__traceback__ if error is not None else None)
    path = " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames))
    info(what, incident=incident, error=type(error).__name__, at=path or "nowhere")
    return incident


def take_over() -> None:
    """Makes this the only thing that writes: Twisted, the standard library's logging and uncaught errors go through it.

    Each of them would print an exception with its text, which may carry what nobody is to read.
    """
    globalLogBeginner.beginLoggingTo([_of_twisted], redirectStandardIO=False, discardBuffer=True)
    root = logging.getLogger()
    root.handlers[:] = [_OfLogging()]
    sys.excepthook = lambda _kind, error, _frames: _uncaught(error)
    threading.excepthook = lambda args: _uncaught(args.exc_value)


@implementer(ILogObserver)
class _TwistedObserver:
    def __call__(self, event: LogEvent) -> None:
        failure = event.get(
            "log_failure", event.get("failure")
        )  # the second is what the older interface says
        if isinstance(failure, Failure):
            unforeseen("something failed that nobody waited for", failure.value)


_of_twisted = _TwistedObserver()


class _OfLogging(logging.Handler):
    """Libraries' records: their level and where they come from, and the place of an error, without any text."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1] is not None:
            unforeseen("a library reports an error", record.exc_info[1])
        elif record.levelno >= logging.WARNING:
            info("a library warns", library=record.name, line=record.lineno)


def _uncaught(error: BaseException | None) -> None:
    unforeseen("an error was not caught", error)
