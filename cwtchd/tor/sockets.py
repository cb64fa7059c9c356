"""A folder for internal sockets: short (AF_UNIX ends at 107 bytes), 0700, with random names, gone when we are.

Folders of daemons that were killed are swept: the kernel lets go of a dead owner's lock. Nothing is followed or
removed that is not such a folder of this user.
"""

import fcntl
import os
import re
import secrets
import shutil
import stat
import tempfile
import time
from pathlib import Path

PREFIX = "cwtchd-tor-"
_LOCK = "lock"
_PLAIN = re.compile(r"/[A-Za-z0-9/_.+-]{0,60}")
"""A path that needs no quotes in a control command, and leaves room for the names."""
_UNLOCKED_SECONDS = 3600
"""How old a folder without a lock file must be: its owner died between making one and the other."""


class SocketFolder:
    """One such folder, held until `remove`. Raises OSError where none can be made."""

    def __init__(self) -> None:
        base = _base()
        _sweep(base)
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        # Locked before it has its name, so that no sweeper finds it unlocked.
        unnamed = self.new()
        self._lock = os.open(unnamed, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unnamed.rename(self.path / _LOCK)

    def new(self) -> Path:
        """A path for one more socket."""
        return self.path / secrets.token_hex(8)

    def remove(self) -> None:
        """Removes the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _base() -> Path:
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    if _PLAIN.fullmatch(named) and Path(named).is_dir() and os.access(named, os.W_OK | os.X_OK):
        return Path(named)
    return Path("/tmp")  # noqa: S108 - mkdtemp makes a folder of our own in it


def _sweep(base: Path) -> None:
    for folder in base.glob(PREFIX + "*"):
        try:
            about = folder.lstat()
            if stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid() and _left(folder, about.st_mtime):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


def _left(folder: Path, made: float) -> bool:
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return time.time() - made > _UNLOCKED_SECONDS
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True
