"""The vault: passwords to keys. Which profiles a home holds, and the sealed header that opens each.

    <home>/profiles/<32 hex>/header  secretbox over {format 1 byte, the database's key 32 bytes}
    <home>/profiles/<32 hex>/db      SQLCipher under that key

One Argon2id an attempt (password_key.py) gives the key of every header that was sealed with that password; every header is tried,
so that a wrong password costs and answers the same whatever is there.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cwtchd.config import KdfCost
from cwtchd.protocol.crypto.primitives import KEY_SIZE, NONCE_SIZE, SealBroken, open_sealed, seal
from cwtchd.store.durable import private_folder, sync_folder, write_new
from cwtchd.store.password_key import PasswordKey

HEADER_FORMAT = 1
HEADER_LIMIT = 1024
"""No header is longer: a file that is was not written by us and is passed over."""


@dataclass(frozen=True, slots=True)
class OpenedVault:
    """A profile's folder and the key of its database."""

    folder: Path
    key: bytes = field(repr=False)

    @property
    def database(self) -> Path:
        """The profile's SQLCipher file."""
        return self.folder / "db"

    @property
    def unfinished(self) -> bool:
        """The profile's creation did not come to its end: nobody was ever told of it."""
        return self._mark.exists()

    @property
    def _mark(self) -> Path:
        return self.folder / "unfinished"

    def begin(self) -> None:
        """Marks the creation as under way."""
        write_new(self._mark, b"")

    def finish(self) -> None:
        """The profile is there, and is kept from now on."""
        self._mark.unlink(missing_ok=True)
        sync_folder(self.folder)


class Vault:
    """The sealed headers of one home. Every method blocks (Argon2, disk): the home's Ledger calls it."""

    def __init__(self, home: Path, cost: KdfCost, randomness: Callable[[int], bytes]) -> None:
        self._profiles = home / "profiles"
        self._keys = PasswordKey(home, cost, randomness)
        self._randomness = randomness

    def create(self, password: str) -> OpenedVault:
        """A new folder under a new random key, sealed with the password. OSError where the disk refuses."""
        private_folder(self._profiles)
        key = self._keys.of(password)
        made = OpenedVault(self._profiles / self._randomness(16).hex(), self._randomness(KEY_SIZE))
        made.folder.mkdir(mode=0o700)
        try:
            made.begin()
            content = bytes([HEADER_FORMAT]) + made.key
            write_new(made.folder / "header", seal(key, content, self._randomness(NONCE_SIZE)))
            sync_folder(self._profiles)
        except OSError:
            shutil.rmtree(made.folder, ignore_errors=True)
            raise
        return made

    def open(self, password: str) -> tuple[OpenedVault, ...]:
        """Every profile that the password fits, none where it fits none."""
        key = self._keys.of(password)
        opened = []
        for folder in sorted(self._profiles.iterdir()) if self._profiles.is_dir() else ():
            try:
                with (folder / "header").open("rb") as file:
                    sealed = file.read(HEADER_LIMIT + 1)
                content = open_sealed(key, sealed[:HEADER_LIMIT])
            except (OSError, SealBroken):
                continue
            if content[:1] == bytes([HEADER_FORMAT]) and len(content) == 1 + KEY_SIZE:
                opened.append(OpenedVault(folder, content[1:]))
        return tuple(opened)

    def discard(self, vault: OpenedVault) -> None:
        """Removes the folder of a profile whose creation did not come to its end, and of no other."""
        if not vault.unfinished:
            return
        for part in vault.folder.iterdir():  # the mark goes last, so that half a removal is gone on with
            if part.name != "unfinished":
                part.unlink()
        shutil.rmtree(vault.folder, ignore_errors=True)
