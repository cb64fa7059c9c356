"""Which servers a home hosts, and the keys of each, sealed under a password or, where its operator says so, in the clear.

    <home>/servers/<32 hex>/keys      a byte, 1: the keys follow; 2: a secretbox of them under the password's key (password_key.py)
    <home>/servers/<32 hex>/settings  what its operator set (`server.settings`)
    <home>/servers/<32 hex>/board.db  plain SQLite; what it keeps for others (board.py)

A creation and a removal are each one renaming: `<32 hex>.unfinished` is a server once the suffix is off, `<32 hex>.deleted` is one no
more, and `sweep` removes what a crash left under either. What keys and settings say is not this module's affair. No profile is touched.
"""

import errno
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cwtchd.config import KdfCost
from cwtchd.protocol.crypto.primitives import NONCE_SIZE, SealBroken, open_sealed, seal
from cwtchd.store.board import open_board
from cwtchd.store.database import Database, ends_batch
from cwtchd.store.durable import private_folder, sync_folder, write_new
from cwtchd.store.password_key import SEALED_KEYS, PasswordKey

CLEAR_KEYS = 1
KEYS_LIMIT = 1024
SETTINGS_LIMIT = 1 << 16
"""Bytes that are read of either file: a longer one was not written by us."""

_NAME = re.compile(r"[0-9a-f]{32}", re.ASCII)
_LEFT_BEHIND = re.compile(r"[0-9a-f]{32}\.(unfinished|deleted)", re.ASCII)


class ServerUnknown(Exception):
    """The home has no server of this id."""


class KeysClosed(Exception):
    """The password does not open the server's keys, or one is needed and was not given."""


class KeysUnreadable(Exception):
    """What stands in the server's `keys` was not written by this cwtchd."""


@dataclass(frozen=True, slots=True)
class ServerFolder:
    """Where one server lies. Every method blocks, and raises OSError where the disk refuses."""

    path: Path

    @property
    def id(self) -> str:
        """32 hex digits, drawn at random: they say nothing of the server's onion."""
        return self.path.name

    @property
    def sealed(self) -> bool:
        """Whether its keys need a password."""
        return self._keys()[:1] == bytes([SEALED_KEYS])

    def settings(self) -> bytes:
        """What `write_settings` wrote; cut at SETTINGS_LIMIT and a byte."""
        with (self.path / "settings").open("rb") as file:
            return file.read(SETTINGS_LIMIT + 1)

    def write_settings(self, data: bytes) -> None:
        """Replaces the settings: whole or not at all, and durable."""
        write_new(self.path / "settings", data)

    def open_board(self) -> Database:
        """Its database, on the thread that will use it. Raises as `board.open_board` does."""
        return open_board(self.path / "board.db", make=False)

    def keys(self, key: Callable[[], bytes] | None) -> bytes:
        """Its keys; `key` makes the password's, and is not called for what lies in the clear. Raises KeysClosed, KeysUnreadable."""
        stored = self._keys()
        form, content = stored[:1], stored[1:]
        if len(stored) > KEYS_LIMIT or form not in {bytes([CLEAR_KEYS]), bytes([SEALED_KEYS])}:
            raise KeysUnreadable
        if form == bytes([CLEAR_KEYS]):
            return content
        if key is None:
            raise KeysClosed
        try:
            return open_sealed(key(), content)
        except SealBroken:
            raise KeysClosed from None

    def _keys(self) -> bytes:
        with (self.path / "keys").open("rb") as file:
            return file.read(KEYS_LIMIT + 1)


class ServerVault:
    """The servers of one home. Every method blocks (Argon2, disk), and raises OSError where the disk refuses."""

    def __init__(self, home: Path, cost: KdfCost, randomness: Callable[[int], bytes]) -> None:
        self._servers = home / "servers"
        self._passwords = PasswordKey(home, cost, randomness)
        self._randomness = randomness

    def create(self, keys: bytes, settings: bytes, password: str | None) -> ServerFolder:
        """Makes a server's folder with an empty board; without a password its keys lie in the clear."""
        if password is None:
            stored = bytes([CLEAR_KEYS]) + keys
        else:
            key = self._passwords.of(password)
            stored = bytes([SEALED_KEYS]) + seal(key, keys, self._randomness(NONCE_SIZE))
        private_folder(self._servers)
        made = self._servers / self._randomness(16).hex()
        draft = made.with_name(made.name + ".unfinished")
        draft.mkdir(mode=0o700)
        try:
            open_board(draft / "board.db", make=True).close()
            write_new(draft / "settings", settings)
            write_new(draft / "keys", stored)
            draft.rename(made)
        except BaseException as error:
            shutil.rmtree(draft, ignore_errors=True)
            if ends_batch(error):  # the disk, as SQLite says it
                raise OSError(errno.EIO, "The server's database could not be made") from None
            raise
        sync_folder(self._servers)
        return ServerFolder(made)

    def listed(self) -> tuple[ServerFolder, ...]:
        """Every server of the home, oldest first."""
        if not self._servers.is_dir():
            return ()
        found = [path for path in self._servers.iterdir() if _NAME.fullmatch(path.name)]
        return tuple(ServerFolder(path) for path in sorted(found, key=_made_at))

    def get(self, server: str) -> ServerFolder:
        """The server of this id, which may be anything that a caller sent. Raises ServerUnknown."""
        path = self._servers / server
        if not _NAME.fullmatch(server) or not path.is_dir():
            raise ServerUnknown
        return ServerFolder(path)

    def open(self, server: str, password: str | None) -> bytes:
        """The keys of a server; those in the clear need no password, and any will do. Raises ServerUnknown, KeysClosed, KeysUnreadable."""
        folder = self.get(server)
        return folder.keys(None if password is None else lambda: self._passwords.of(password))

    def delete(self, server: str) -> None:
        """Removes all of a server that is not running. Raises ServerUnknown.

        It is gone once it is renamed; where the disk then refuses, OSError says that something of it is still there for `sweep`.
        """
        gone = self.get(server).path.rename(self._servers / f"{server}.deleted")
        sync_folder(self._servers)
        self._remove(gone)

    def sweep(self) -> None:
        """Goes on with removals and takes back creations that a crash cut short. Called at the start, before anything else."""
        for path in self._servers.iterdir() if self._servers.is_dir() else ():
            if _LEFT_BEHIND.fullmatch(path.name):
                self._remove(path)

    def _remove(self, path: Path) -> None:
        (path / "keys").unlink(missing_ok=True)  # first, so that half a removal has left no key
        sync_folder(path)
        shutil.rmtree(path)
        sync_folder(self._servers)


def _made_at(path: Path) -> tuple[int, str]:
    """When a server was made: its keys are written once."""
    keys = path / "keys"
    return (keys.stat().st_mtime_ns if keys.exists() else 0, path.name)
