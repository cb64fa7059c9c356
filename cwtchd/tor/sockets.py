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
from pathlib import Path

PREFIX = "cwtchd-tor-"
_PLAIN = re.compile(r"/[A-Za-z0-9/_.+-]{0,60}")
"""A path that needs no quotes in a control command, and leaves room for the names."""


class SocketFolder:
    """One such folder, held until `remove`. Raises OSError where none can be made."""

    def __init__(self) -> None:
        base = _base()
        _sweep(base)
        while True:
            self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
            lock = _lock(self.path)
            # Another daemon may sweep it before it is locked; what matters is what the path leads to now.
            if lock is not None and _same(lock, self.path):
                self._held = lock
                return
            if lock is not None:
                os.close(lock)

    def new(self) -> Path:
        """A path for one more socket."""
        return self.path / secrets.token_hex(8)

    def remove(self) -> None:
        """Removes the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._held)


def _base() -> Path:
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    if _PLAIN.fullmatch(named) and Path(named).is_dir() and os.access(named, os.W_OK | os.X_OK):
        return Path(named)
    return Path("/tmp")  # noqa: S108 - mkdtemp makes a folder of our own in it


def _sweep(base: Path) -> None:
    for folder in base.glob(PREFIX + "*"):
        try:
            about = folder.lstat()
        except OSError:
            continue
        if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
            continue
        lock = _lock(folder)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _lock(folder: Path) -> int | None:
    """Locks a folder; None where another holds it, or it is gone. systemd-tmpfiles spares a locked folder, too."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock


def _same(lock: int, folder: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(lock), folder.lstat())
    except FileNotFoundError:
        return False
