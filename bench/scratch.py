"""A home with one profile and a long past, written through the store before any daemon opens it."""

import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import insert

from cwtchd.app import profile as profiles
from cwtchd.app.overlays import chat
from cwtchd.config import KdfCost
from cwtchd.protocol.crypto.onion import identity_from_seed
from cwtchd.protocol.crypto.primitives import random_bytes
from cwtchd.protocol.model import Onion
from cwtchd.protocol.wire.constants import CONTEXT_RAW
from cwtchd.protocol.wire.overlay import content_hash
from cwtchd.store import contacts, schema
from cwtchd.store.database import Database, UnitOfWork
from cwtchd.store.durable import own_folder
from cwtchd.store.events import EventType
from cwtchd.store.messages import MessageState, digest
from cwtchd.store.vault import OpenedVault, Vault

PASSWORD = "the bench's own"  # noqa: S105 - of a home that lasts for one run
CONTACTS = 20
MESSAGES = 100_000
AT_ONCE = 5_000


@dataclass(frozen=True)
class Scratch:
    """The home, its one profile and its contacts' conversations."""

    home: Path
    profile: str
    conversations: tuple[int, ...]

    def open(self) -> Database:
        """The profile's database, for this process; no daemon may have it open."""
        return _open(_vault(self.home).open(PASSWORD)[0])


def make(home: Path) -> Scratch:
    """`MESSAGES` that came in and were read, with an event each, from `CONTACTS` accepted contacts in turn."""
    own_folder(home)
    vault = _vault(home)
    made = vault.create(PASSWORD)
    database = _open(made)
    uow = UnitOfWork(database.sql, time.time_ns() // 1_000_000, random_bytes)
    database.begin()
    own = profiles.create(uow, "bench").profile.identity.onion
    known = [
        contacts.create(
            uow, identity_from_seed(secrets.token_bytes(32)).onion, f"contact {number}", accepted=True
        )
        for number in range(CONTACTS)
    ]
    for first in range(1, MESSAGES + 1, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, MESSAGES + 1))
        said = [_message(uow, number, known[number % CONTACTS], own) for number in numbers]
        told = [
            {
                "at": uow.now,
                "type": EventType.MESSAGE_RECEIVED,
                "conversation": each["conversation"],
                "message": each["id"],
            }
            for each in said
        ]
        uow.sql.execute(insert(schema.messages), said)
        uow.sql.execute(insert(schema.events), told)
    database.commit()
    database.close()
    made.finish()
    return Scratch(home, own, tuple(known))


def _message(uow: UnitOfWork, number: int, conversation: int, author: Onion) -> dict[str, object]:
    text = f"message {number} of a long past, of about the length of what people write"
    body = chat.write(text)
    return {
        "id": number,
        "conversation": conversation,
        "wire_id": str(number),
        "context": CONTEXT_RAW,
        "body": body,
        "digest": digest(CONTEXT_RAW, body),
        "overlay": 1,
        "text": text,
        "content_hash": content_hash(author, body),
        "outgoing": 0,
        "state": MessageState.READ,
        "received_at": uow.now,
    }


def _vault(home: Path) -> Vault:
    return Vault(home, KdfCost(), random_bytes)


def _open(vault: OpenedVault) -> Database:
    return Database.open(vault.database, vault.key, make=vault.unfinished)
