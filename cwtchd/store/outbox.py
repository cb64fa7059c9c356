"""What the other side has not acknowledged yet: kept over restarts, in the order in which it was written."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import bindparam, delete, func, insert, select, update

from cwtchd.store.database import UnitOfWork
from cwtchd.store.schema import messages, outbox


@dataclass(frozen=True, slots=True)
class Waiting:
    """One message that waits to be transmitted or acknowledged."""

    message: int
    wire_id: str = field(repr=False)
    context: str
    body: bytes = field(repr=False)


_page = (
    select(outbox.c.message, messages.c.wire_id, messages.c.context, messages.c.body)
    .join(messages, messages.c.id == outbox.c.message)
    .where(outbox.c.conversation == bindparam("conversation"), outbox.c.message > bindparam("after"))
    .order_by(outbox.c.message)
    .limit(bindparam("limit"))
)
_count = select(func.count()).where(outbox.c.conversation == bindparam("conversation"))
_insert = insert(outbox)
_remove = delete(outbox).where(outbox.c.message == bindparam("m"))
_attempted = update(outbox).where(outbox.c.message == bindparam("m")).values(attempts=outbox.c.attempts + 1)


def add(uow: UnitOfWork, message: int, conversation: int) -> None:
    """Queues a stored message."""
    uow.sql.execute(_insert, {"message": message, "conversation": conversation, "attempts": 0})


def page(uow: UnitOfWork, conversation: int, after: int, limit: int) -> Sequence[Waiting]:
    """The next rows behind the message id `after`, oldest first."""
    key = {"conversation": conversation, "after": after, "limit": limit}
    return [Waiting(*found) for found in uow.sql.execute(_page, key)]


def count(uow: UnitOfWork, conversation: int) -> int:
    """How many messages wait for this contact."""
    return int(uow.sql.execute(_count, {"conversation": conversation}).scalar_one())


def attempted(uow: UnitOfWork, message: int) -> bool:
    """Counts a transmission; False where the message waits no more."""
    return uow.sql.execute(_attempted, {"m": message}).rowcount > 0


def remove(uow: UnitOfWork, message: int) -> bool:
    """Takes a message off; False where it wasn't on it (a second acknowledgement)."""
    return uow.sql.execute(_remove, {"m": message}).rowcount > 0
