"""Files and folders that are private and survive a power cut: the modes and the fsyncs, in one place."""

import os
from pathlib import Path

FOLDER_MODE = 0o700
FILE_MODE = 0o600


class NotOurFolder(Exception):
    """A folder that is somebody else's, or holds something else. The text is a sentence that says what to do."""


def private_folder(path: Path) -> None:
    """Makes a folder that only its owner may enter, with those above it that are missing."""
    missing = []
    at = path
    while not at.exists():
        missing.append(at)
        at = at.parent
    for folder in reversed(missing):
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        sync_folder(folder.parent)


def own_folder(path: Path) -> None:
    """The home: made where it is missing, and closed to others where it is empty or was ours before. Raises NotOurFolder, OSError."""
    private_folder(path)
    found = path.stat()
    if not path.is_dir():
        raise NotOurFolder("The home is not a folder: name another with --home.")
    if found.st_uid != os.getuid():
        raise NotOurFolder(
            "The home belongs to another user, who could read and change it: name another with --home."
        )
    if found.st_mode & 0o077:
        if any(path.iterdir()) and not (path / "lock").exists():
            raise NotOurFolder(
                "The home holds other things and is open to others: name an empty folder with --home."
            )
        path.chmod(FOLDER_MODE)


def sync_folder(path: Path) -> None:
    """Makes the names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_new(path: Path, data: bytes) -> None:
    """Writes a file anew, whole or not at all, whatever was there: beside it, synced, renamed, the folder synced."""
    draft = path.with_name(path.name + ".draft")
    descriptor = os.open(
        draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, FILE_MODE
    )
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
