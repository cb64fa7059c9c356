"""What the other side has not acknowledged yet: kept over restarts, in the order in which it was written."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import bindparam, delete, func, insert, literal_column, select, update

from cwtchd.store.database import UnitOfWork
from cwtchd.store.hot import Hot
from cwtchd.store.schema import messages, outbox


@dataclass(frozen=True, slots=True)
class Waiting:
    """One message that waits to be transmitted or acknowledged."""

    message: int
    wire_id: str = field(repr=False)
    context: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Room:
    """What stands against queueing a message: so many wait already, or its id on the wire is another's."""

    full: bool
    taken: bool


_page = Hot(
    select(outbox.c.message, messages.c.wire_id, messages.c.context, messages.c.body)
    .join(messages, messages.c.id == outbox.c.message)
    .where(outbox.c.conversation == bindparam("conversation"), outbox.c.message > bindparam("after"))
    .order_by(outbox.c.message)
    .limit(bindparam("limit") + literal_column("0"))
)
_of = outbox.c.conversation == bindparam("conversation")
_count = select(func.count()).where(_of)
_first_to_last = (
    select(func.max(outbox.c.message)).where(_of).scalar_subquery()
    - select(func.min(outbox.c.message)).where(_of).scalar_subquery()
)
_span = Hot(select(_first_to_last))
_room = Hot(
    select(
        _first_to_last,
        select(messages.c.id)
        .where(
            messages.c.conversation == bindparam("conversation"),
            messages.c.wire_id == bindparam("wire_id"),
            messages.c.outgoing == literal_column("1"),
        )
        .exists(),
    )
)
_insert = Hot(insert(outbox), "message", "conversation", "attempts")
_remove = Hot(delete(outbox).where(outbox.c.message == bindparam("m")))
_attempted = Hot(
    update(outbox).where(outbox.c.message == bindparam("m")).values(attempts=outbox.c.attempts + 1)
)


def add(uow: UnitOfWork, message: int, conversation: int) -> None:
    """Queues a stored message."""
    _insert.run(uow, message=message, conversation=conversation, attempts=0)


def page(uow: UnitOfWork, conversation: int, after: int, limit: int) -> Sequence[Waiting]:
    """The next rows behind the message id `after`, oldest first."""
    found = _page.run(uow, conversation=conversation, after=after, limit=limit)
    return [Waiting(*row) for row in found.fetchall()]


def count(uow: UnitOfWork, conversation: int) -> int:
    """How many messages wait for this contact."""
    return int(uow.sql.execute(_count, {"conversation": conversation}).scalar_one())


def full(uow: UnitOfWork, conversation: int, limit: int) -> bool:
    """Whether so many messages wait for this contact. Ids rise, so few wait where the first and the last are near: counting walks all."""
    (span,) = _span.run(uow, conversation=conversation).fetchone()
    return _is_full(uow, conversation, span, limit)


def room(uow: UnitOfWork, conversation: int, wire_id: str, limit: int) -> Room:
    """Whether a message may be queued for this contact, and under this id on the wire: one look for both."""
    span, taken = _room.run(uow, conversation=conversation, wire_id=wire_id).fetchone()
    return Room(_is_full(uow, conversation, span, limit), bool(taken))


def _is_full(uow: UnitOfWork, conversation: int, span: int | None, limit: int) -> bool:
    return span is not None and span + 1 >= limit and count(uow, conversation) >= limit


def attempted(uow: UnitOfWork, message: int) -> bool:
    """Counts a transmission; False where the message waits no more."""
    return _attempted.run(uow, m=message).rowcount > 0


def remove(uow: UnitOfWork, message: int) -> bool:
    """Takes a message off; False where it wasn't on it (a second acknowledgement)."""
    return _remove.run(uow, m=message).rowcount > 0
