"""What a private network's folder holds: one record of its processes, so that they can be ended from anywhere.

The record is the claim: a folder has one network at a time. Only what a network made there is ever removed.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from cwtchd.tor.processes import Mark, alive

RECORD = "network.json"
CLIENT_TORRC = "client.torrc"
NODES = "nodes"

_MOST_BYTES = 1 << 18


class Member(Struct, frozen=True):
    """One process of the network."""

    name: str
    mark: Mark


class Record(Struct):
    """A network, as it stands in its folder."""

    boot: str
    """which boot of the machine the marks belong to"""
    starter: Mark | None
    """the process that is still starting it; None once it is ready"""
    members: list[Member]
    expected: int
    """how many tors it has when it is whole"""
    made_folder: bool
    """the folder itself was made for it"""

    def living(self) -> list[Member]:
        """Those of its processes that run."""
        return [member for member in self.members if self.boot == boot() and alive(member.mark)]

    def starting(self) -> bool:
        """Whether someone is starting it now."""
        return self.starter is not None and self.boot == boot() and alive(self.starter)


def boot() -> str:
    """Which boot of the machine it is now."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def load(folder: Path) -> Record | None:
    """The network of a folder; None where it has none, or its record can't be read."""
    try:
        with (folder / RECORD).open("rb") as file:
            return msgspec.json.decode(file.read(_MOST_BYTES), type=Record)
    except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError):
        return None


def save(folder: Path, record: Record) -> None:
    """Replaces the folder's record, at once or not at all."""
    fresh = folder / (RECORD + ".new")
    write_private(fresh, msgspec.json.encode(record))
    fresh.replace(folder / RECORD)


def write_private(path: Path, data: bytes) -> None:
    """Writes a file that only this user may read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def remove(folder: Path, *, made_folder: bool) -> None:
    """Removes what a network made in its folder, its record last."""
    shutil.rmtree(folder / NODES, ignore_errors=True)
    for name in (CLIENT_TORRC, RECORD + ".new", RECORD):
        (folder / name).unlink(missing_ok=True)
    if made_folder and not any(folder.iterdir()):
        folder.rmdir()


@contextmanager
def claiming(folder: Path) -> Iterator[None]:
    """Lets one process at a time decide whether a folder is free."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
