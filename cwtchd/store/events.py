"""The log that clients read: one row for each thing that happened, written in the transaction in which it happened.

A row keeps ids, never text: what a client is shown is built when it is read (rpc/present.py), so that deleting is real.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import bindparam, func, insert, select

from cwtchd.store.database import UnitOfWork
from cwtchd.store.schema import events


class EventType(StrEnum):
    """The kinds of rows in a profile's log (rpc.md, Events)."""

    MESSAGE_QUEUED = "message.queued"
    MESSAGE_RECEIVED = "message.received"
    MESSAGE_SENT = "message.sent"
    MESSAGE_DELIVERED = "message.delivered"
    MESSAGE_FAILED = "message.failed"
    MESSAGE_READ = "message.read"
    CONTACT_REQUESTED = "contact.requested"
    CONTACT_ACCEPTED = "contact.accepted"
    CONTACT_CHANGED = "contact.changed"
    PROFILE_CHANGED = "profile.changed"


@dataclass(frozen=True, slots=True)
class EventRow:
    """A row of the log."""

    seq: int
    at: int
    type: EventType
    conversation: int | None
    message: int | None


_insert = insert(events)
_page = (
    select(events.c.seq, events.c.at, events.c.type, events.c.conversation, events.c.message)
    .where(events.c.seq > bindparam("after"))
    .order_by(events.c.seq)
    .limit(bindparam("limit"))
)
_head = select(func.coalesce(func.max(events.c.seq), 0))


def append(
    uow: UnitOfWork, type_: EventType, *, conversation: int | None = None, message: int | None = None
) -> None:
    """Writes a row; followers are woken once the unit's batch is committed."""
    uow.sql.execute(_insert, {"at": uow.now, "type": type_, "conversation": conversation, "message": message})
    uow.wrote_events = True


def page(uow: UnitOfWork, after: int, limit: int) -> Sequence[EventRow]:
    """The next rows behind `after`."""
    found = uow.sql.execute(_page, {"after": after, "limit": limit})
    return [EventRow(row.seq, row.at, EventType(row.type), row.conversation, row.message) for row in found]


def head(uow: UnitOfWork) -> int:
    """The `seq` of the newest row, 0 where there is none."""
    return int(uow.sql.execute(_head).scalar_one())
