"""Servers that a profile is told of: their bundles, their rows, and a stand-in for each that behaves as the test says."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha512
from pathlib import Path
from random import Random
from typing import TypeVar

from nacl.signing import SigningKey

from cwtchd.app import anchors, servers
from cwtchd.protocol.crypto.onion import identity_from_seed
from cwtchd.protocol.crypto.privacypass import TokenKey
from cwtchd.protocol.model import EncryptedGroupMessage, KeyBundle, Token
from cwtchd.protocol.wire.bundle import encode_bundle, signed_text
from cwtchd.store.database import Database, UnitOfWork
from tests.support.unit_of_work import Desk

T = TypeVar("T")

TOKEN_KEY = TokenKey.of((2).to_bytes(32, "little")).public
"""Some point of the group."""
OTHER_TOKEN_KEY = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")
"""The generator of the group."""


def bundle(
    number: int = 1,
    token_key: bytes = TOKEN_KEY,
    token_service: int | None = None,
    extra: tuple[tuple[str, str], ...] = (),
) -> KeyBundle:
    """A server's signed bundle."""
    seed = sha512(b"server %d" % number).digest()[:32]
    service = identity_from_seed(sha512(b"tokens %d" % (token_service or number)).digest()[:32])
    unsigned = KeyBundle(identity_from_seed(seed).onion, service.onion, token_key, b"", extra)
    return replace(unsigned, signature=SigningKey(seed).sign(signed_text(unsigned)).signature)


@cache
def message(number: int) -> EncryptedGroupMessage:
    """One of many rows."""
    return EncryptedGroupMessage(b"row %d" % number + bytes(40), sha512(b"row %d" % number).digest())


@cache
def anchor(number: int, level: int = anchors.LEAST_BITS) -> EncryptedGroupMessage:
    """One of many rows at which a session may resume, at this level or above."""
    tries = (sha512(b"anchor %d %d" % (number, each)).digest() for each in range(1 << 20))
    signature = next(found for found in tries if anchors.is_anchor(found, level))
    return EncryptedGroupMessage(b"anchor %d" % number + bytes(40), signature)


def token(number: int) -> Token:
    """One of many tokens."""
    return Token(sha512(b"token %d" % number).digest()[:32], OTHER_TOKEN_KEY)


def add(desk: Desk, number: int = 1) -> int:
    """The profile uses this server; returns its id."""
    added = desk.run(lambda uow: servers.add(uow, encode_bundle(bundle(number)))).value
    return added.id


class CrashingDesk(Desk):
    """A desk whose process may die with a unit half done, or just after it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.chance = Random(7).randbytes  # the same each time: Hypothesis tells a story twice
        super().__init__(folder)

    def run(self, decide: Callable[[UnitOfWork], T]) -> T:
        return super().run(lambda uow: decide(replace(uow, randomness=self.chance)))

    def die_in(self, decide: Callable[[UnitOfWork], T]) -> None:
        """The process dies before the commit: nothing of the unit is there afterwards. (SQLite's word for it: `restart` is the slow way.)"""
        self.database.begin()
        decide(UnitOfWork(self.database.sql, self.now, self.chance))
        self.database.abandon()

    def restart(self) -> None:
        """Opens the file again, as it was left."""
        self.database.close()
        self.database = Database.open(self.folder / "db", bytes(32), make=False)


class Board:
    """An honest server's rows, replayed as the first implementation does (wire-server §3.2)."""

    def __init__(self) -> None:
        self.rows: list[EncryptedGroupMessage] = []

    def replay(self, last_commit: bytes | None) -> Sequence[EncryptedGroupMessage]:
        """From the row of this signature on, and all where it is not there."""
        at = next((at for at, row in enumerate(self.rows) if row.signature == last_commit), 0)
        return self.rows[at:]
