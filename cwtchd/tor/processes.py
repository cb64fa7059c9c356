"""A process by pid and start time: a pid alone is soon another's. Never signals what is not surely the one meant."""

import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct

_AFTER_NAME = {"state": 0, "started": 19}
"""Fields of /proc/PID/stat behind the name, which may itself hold spaces and brackets (proc(5))."""


class Mark(Struct, frozen=True):
    """One process of this boot."""

    pid: int
    started: int
    """clock ticks since boot"""


def mark_of(pid: int) -> Mark | None:
    """The process that has this pid now; None where there is none, or only its exit status is left."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    if fields[_AFTER_NAME["state"]] in b"ZX":
        return None
    return Mark(pid, int(fields[_AFTER_NAME["started"]]))


def alive(mark: Mark) -> bool:
    """Whether it still runs."""
    return mark_of(mark.pid) == mark


def send_signal(mark: Mark, number: signal.Signals) -> None:
    """Signals it, if it still runs."""
    try:
        handle = os.pidfd_open(mark.pid)
    except OSError:
        return
    try:
        # The handle stays with one process, so that what is compared is what is signalled.
        if alive(mark):
            signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)


def end(marks: Iterable[Mark], patience: float, reap: Callable[[], None] = lambda: None) -> None:
    """Asks them to end, and kills those that have not after `patience` seconds; returns when all are gone.

    `reap` collects the exit statuses of those that are children of this process.
    """
    left = list(marks)
    for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, patience)):
        for mark in left:
            send_signal(mark, number)
        until = time.monotonic() + seconds
        while left and time.monotonic() < until:
            reap()
            left = [mark for mark in left if alive(mark)]
            time.sleep(0.01 if left else 0)
