"""A profile's database on which decisions are tried one by one, each in its own transaction, at a time that the test sets."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from cwtchd.app import peer
from cwtchd.app.effects import Effect, Link, Outcome
from cwtchd.protocol.crypto.onion import identity_from_seed
from cwtchd.protocol.events import MessageReceived
from cwtchd.protocol.model import Identity, Onion
from cwtchd.store import contacts, events, profiles
from cwtchd.store.contacts import ConversationRow
from cwtchd.store.database import Database, UnitOfWork

T = TypeVar("T")

OWN = identity_from_seed(bytes([1]) * 32)


def stranger(number: int) -> Identity:
    """One of many people."""
    return identity_from_seed(number.to_bytes(32, "big"))


class Desk:
    """Where decisions are made."""

    def __init__(self, folder: Path) -> None:
        self.database = Database.open(folder / "db", bytes(32), make=True)
        self.now = 1_000_000
        self.run(lambda uow: profiles.create(uow, OWN.seed, "own"))

    def run(self, decide: Callable[[UnitOfWork], T]) -> T:
        """One unit, kept; what it raises takes it back."""
        self.database.begin()
        self.database.savepoint()
        try:
            result = decide(UnitOfWork(self.database.sql, self.now, os.urandom))
        except Exception:
            self.database.undo()
            self.database.commit()
            raise
        self.database.release()
        self.database.commit()
        return result

    def call_in(self, who: Onion) -> Outcome[None]:
        """Somebody authenticates."""
        return self.run(lambda uow: peer.authenticated(uow, Link(1), who))

    def receive(
        self, who: Onion, text: bytes, wire_id: str = "1", context: str = "im.cwtch.raw"
    ) -> tuple[Effect, ...]:
        """Somebody's message comes in."""
        message = MessageReceived(wire_id, context, text)
        return self.run(lambda uow: peer.message_received(uow, Link(1), who, message)).effects

    def contact(self, who: Onion) -> ConversationRow:
        """What is known of somebody."""
        found = self.run(lambda uow: contacts.of(uow, who))
        assert found is not None
        return found

    def told(self) -> list[str]:
        """The log's types, in order."""
        return [row.type.value for row in self.run(lambda uow: events.page(uow, 0, 10_000))]
