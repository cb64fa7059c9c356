"""Place: how far a bot has come in a profile's log, kept in a small file.

Rules: the file is 0600, in a folder that is 0700; a new place is on the disk before the call returns, or the old one still stands.
One bot of a name works on a profile at a time. The file's name tells nobody which profile it is of.
"""

import contextlib
import fcntl
import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from cwtch_client.errors import ClientError

_MOST_DIGITS = 20


class PlaceTaken(ClientError):
    """The same bot works on this profile already."""

    def __init__(self) -> None:
        super().__init__(
            "This bot is running on this profile already: end the other one first, or give this one another name."
        )


class PlaceUnusable(ClientError):
    """The file of a place can't be read or written."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(
            f"The bot's place can't be kept in {file} ({why}): see that it can be written, or name another folder with --state."
        )


class Place:
    """The place of the bot of this name in this profile's log, below a folder; a context manager, which holds it alone."""

    def __init__(self, folder: Path, profile: str) -> None:
        self._file = folder / f"{hashlib.sha256(profile.encode()).hexdigest()[:16]}.seq"
        self._lock = -1

    def __enter__(self) -> Self:
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(
                self._file.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
            )
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._unlock()
            raise PlaceTaken from None
        except OSError as error:
            self._unlock()
            raise PlaceUnusable(self._file, error.strerror or "the system refused") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._unlock()

    def _unlock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def read(self) -> int | None:
        """The seq of the last event that was handled; None where there was none yet."""
        try:
            text = self._file.read_text("ascii").strip()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            raise PlaceUnusable(self._file, "it can't be read") from None
        if not text.isdecimal() or len(text) > _MOST_DIGITS:
            raise PlaceUnusable(self._file, "it holds something else")
        return int(text)

    def write(self, seq: int) -> None:
        """Keeps the seq of the last event that was handled."""
        try:
            write_durably(self._file, f"{seq}\n")
        except OSError as error:
            raise PlaceUnusable(self._file, error.strerror or "the system refused") from None


def write_durably(file: Path, text: str) -> None:
    """Puts a text in a file of mode 0600, whole or not at all; it is on the disk when this returns. Raises OSError."""
    new = file.with_suffix(".new")
    try:
        made = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(made, "w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(made)
        new.rename(file)
        _sync_folder(file.parent)
    except OSError:
        with contextlib.suppress(OSError):  # the first error says it all
            new.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
