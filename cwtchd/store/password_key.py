"""From a password to a key: one Argon2id over the home's salt, whatever the key then seals.

    <home>/salt   32 random bytes, one for the home

What is sealed lies elsewhere (vault.py, server_vault.py); each says where, since a home whose salt is lost while something sealed is
still there must say so: every password would just be wrong.
"""

import errno
from collections.abc import Callable
from pathlib import Path

from cwtchd.config import KdfCost
from cwtchd.protocol.crypto.primitives import derive_key
from cwtchd.store.durable import write_new

SALT_SIZE = 32

SEALED_KEYS = 2
"""The first byte of a server's `keys` that are sealed under a password."""


class PasswordKey:
    """What passwords of one home become. Blocks (Argon2, disk): a Ledger or the vault's thread calls it."""

    def __init__(self, home: Path, cost: KdfCost, randomness: Callable[[int], bytes]) -> None:
        self._home = home
        self._cost = cost
        self._randomness = randomness

    def of(self, password: str) -> bytes:
        """The 32-byte key of a password. Makes the salt of a new home; raises OSError where it is lost, or the disk refuses."""
        return derive_key(
            password.encode("utf-8"),
            self._salt(),
            memory_bytes=self._cost.memory_bytes,
            passes=self._cost.passes,
        )

    def _salt(self) -> bytes:
        path = self._home / "salt"
        try:
            salt = path.read_bytes()
        except FileNotFoundError:
            salt = b""
        if len(salt) == SALT_SIZE:
            return salt
        if salt or self._something_is_sealed():
            raise OSError(errno.EIO, "The home's salt is lost")  # else every password would just be wrong
        salt = self._randomness(SALT_SIZE)
        write_new(path, salt)
        return salt

    def _something_is_sealed(self) -> bool:
        return any((self._home / "profiles").glob("*/header")) or any(
            _starts_sealed(keys) for keys in (self._home / "servers").glob("*/keys")
        )


def _starts_sealed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(1) == bytes([SEALED_KEYS])
