"""The log that clients read: one row for each thing that happened, written in the transaction in which it happened.

A row keeps ids, never text: what a client is shown is built when it is read (rpc/present.py), so that deleting is real. The log is
bounded: the newest `events_kept` rows stay, and somewhat more, since the oldest go a few hundred at a time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, literal_column, select

from cwtchd.store.database import UnitOfWork
from cwtchd.store.hot import Hot, inserted
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
    SERVER_CHANGED = "server.changed"


@dataclass(frozen=True, slots=True)
class EventRow:
    """A row of the log."""

    seq: int
    at: int
    type: EventType
    conversation: int | None
    message: int | None
    server: int | None = None


PRUNED_EVERY = 256
"""So many rows are written between two prunings."""

_TYPES = {type_.value: type_ for type_ in EventType}
_insert = Hot(insert(events), "at", "type", "conversation", "message", "server")
_prune = delete(events).where(events.c.seq <= bindparam("last"))
_rows = (
    select(events.c.seq, events.c.at, events.c.type, events.c.conversation, events.c.message, events.c.server)
    .where(events.c.seq > bindparam("after"))
    .order_by(events.c.seq)
    .limit(bindparam("limit") + literal_column("0"))
)
_page = Hot(_rows)
_of = events.c.conversation.in_(bindparam("conversations", expanding=True))
_page_of = _rows.where(_of)
_head = Hot(select(func.coalesce(func.max(events.c.seq), 0)))
_oldest = Hot(select(func.min(events.c.seq)))


def append(
    uow: UnitOfWork,
    type_: EventType,
    *,
    conversation: int | None = None,
    message: int | None = None,
    server: int | None = None,
) -> None:
    """Writes a row; followers are woken once the unit's batch is committed. Every so often the oldest rows go."""
    seq = inserted(
        _insert.run(uow, at=uow.now, type=type_, conversation=conversation, message=message, server=server)
    )
    uow.wrote_events = True
    if seq % PRUNED_EVERY == 0:
        uow.sql.execute(_prune, {"last": seq - uow.events_kept})


Only = frozenset[int] | None
"""The conversations that a reader may see, None for everything in the log."""


def page(uow: UnitOfWork, after: int, limit: int, only: Only = None) -> Sequence[EventRow]:
    """The next rows behind `after`."""
    if only is None:
        found: Iterable[Sequence[Any]] = _page.run(uow, after=after, limit=limit).fetchall()
    else:
        asked = {"after": after, "limit": limit, "conversations": sorted(only)}
        found = uow.sql.execute(_page_of, asked).all()
    return [EventRow(seq, at, _TYPES[kind], *of) for seq, at, kind, *of in found]


def head(uow: UnitOfWork) -> int:
    """The `seq` of the newest row, 0 where there is none."""
    return int(_head.run(uow).fetchone()[0])


def oldest(uow: UnitOfWork) -> int:
    """The `seq` of the oldest row that is kept; where there is none, of the first to come."""
    (found,) = _oldest.run(uow).fetchone()
    return 1 if found is None else int(found)
