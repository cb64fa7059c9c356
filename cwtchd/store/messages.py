"""What was said, both ways. Between two contacts ids rise in display order."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from msgspec import Struct
from sqlalchemy import bindparam, insert, literal_column, select, update

from cwtchd.protocol.crypto.primitives import sha256
from cwtchd.store.database import UnitOfWork
from cwtchd.store.hot import Hot, inserted
from cwtchd.store.schema import events, messages, outbox


class MessageState(StrEnum):
    """Where a message stands. Outgoing: the first four; incoming: the last two."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    RECEIVED = "received"
    READ = "read"


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message about to be stored. `body` is the wrapper's bytes, `text` what the overlay says where it says text."""

    conversation: int
    wire_id: str = field(repr=False)
    context: str
    body: bytes = field(repr=False)
    overlay: int | None
    text: str | None = field(repr=False)
    content_hash: str = field(repr=False)
    reply_to: int | None = None
    client_id: str | None = field(default=None, repr=False)


class MessageRow(Struct, frozen=True):
    """A stored message; `attempts` is how often it was transmitted, None once it is off the outbox.

    A Struct, since pages are made of them: a frozen dataclass of so many fields takes longer to make than its row to read.
    """

    id: int
    conversation: int
    outgoing: bool
    wire_id: str
    context: str
    body: bytes
    overlay: int | None
    text: str | None
    content_hash: str
    reply_to: int | None
    sent_at: int | None
    received_at: int | None
    state: MessageState
    error: str | None
    client_id: str | None
    attempts: int | None

    def __repr__(self) -> str:
        """Nothing of what was said."""
        return f"MessageRow(id={self.id}, state={self.state.value})"


_columns = [messages.c[name] for name in MessageRow.__struct_fields__ if name != "attempts"]
_STATES = {state.value: state for state in MessageState}
_OUTGOING, _STATE = (MessageRow.__struct_fields__.index(name) for name in ("outgoing", "state"))
_all = select(*_columns, outbox.c.attempts).select_from(
    messages.outerjoin(outbox, outbox.c.message == messages.c.id)
)
_by_id = Hot(_all.where(messages.c.id == bindparam("id")))
_page = Hot(
    _all.where(
        messages.c.conversation == bindparam("conversation"),
        messages.c.id < bindparam("before"),
    )
    .order_by(messages.c.id.desc())
    .limit(bindparam("limit") + literal_column("0"))
)
_of = _all.where(messages.c.id.in_(bindparam("ids", expanding=True)))
_insert = Hot(insert(messages), *(column.name for column in messages.c if column.name != "id"))
_incoming_copy = Hot(
    select(messages.c.id).where(
        messages.c.conversation == bindparam("conversation"),
        messages.c.wire_id == bindparam("wire_id"),
        messages.c.digest == bindparam("digest"),
        messages.c.outgoing == literal_column("0"),  # a literal, so that SQLite can use the partial index
    )
)
_outgoing = Hot(
    select(messages.c.id).where(
        messages.c.conversation == bindparam("conversation"),
        messages.c.wire_id == bindparam("wire_id"),
        messages.c.outgoing == literal_column("1"),
    )
)
_quoted = (
    select(messages.c.id)
    .where(
        messages.c.conversation == bindparam("conversation"),
        messages.c.content_hash == bindparam("content_hash"),
    )
    .order_by(messages.c.id.desc())
    .limit(1)
)
_by_client_id = Hot(select(messages.c.id).where(messages.c.client_id == bindparam("client_id")))
_set_state = update(messages).where(messages.c.id == bindparam("message"))

NO_LIMIT = (1 << 63) - 1
"""An id above every id: a page without `before`."""


def digest(context: str, body: bytes) -> bytes:
    """What makes two messages of one id copies of each other: SHA-256 over context and data, lengths apart."""
    return sha256(len(context).to_bytes(4, "little") + context.encode() + body)


def _row(found: Sequence[Any]) -> MessageRow:
    # By place, in the order of the fields: a mapping of each row would cost a page as much as reading it.
    values = list(found)
    values[_OUTGOING], values[_STATE] = bool(values[_OUTGOING]), _STATES[values[_STATE]]
    return MessageRow(*values)


def _add(uow: UnitOfWork, new: NewMessage, **values: object) -> int:
    row = {
        "conversation": new.conversation,
        "wire_id": new.wire_id,
        "context": new.context,
        "body": new.body,
        "digest": digest(new.context, new.body),
        "overlay": new.overlay,
        "text": new.text,
        "content_hash": new.content_hash,
        "reply_to": new.reply_to,
        "client_id": new.client_id,
        "error": None,
        **values,
    }
    return inserted(_insert.run(uow, **row))


def add_incoming(uow: UnitOfWork, new: NewMessage) -> int:
    """Stores a message that came in; a copy of one that is there is a constraint's error: ask `is_copy` first."""
    return _add(uow, new, outgoing=0, state=MessageState.RECEIVED, sent_at=None, received_at=uow.now)


def add_outgoing(uow: UnitOfWork, new: NewMessage) -> MessageRow:
    """Stores a message to be sent; the row as it is once it is on the outbox, where whoever queues it puts it in the same unit."""
    return MessageRow(
        id=_add(uow, new, outgoing=1, state=MessageState.QUEUED, sent_at=uow.now, received_at=None),
        conversation=new.conversation,
        outgoing=True,
        wire_id=new.wire_id,
        context=new.context,
        body=new.body,
        content_hash=new.content_hash,
        overlay=new.overlay,
        text=new.text,
        reply_to=new.reply_to,
        sent_at=uow.now,
        received_at=None,
        state=MessageState.QUEUED,
        error=None,
        client_id=new.client_id,
        attempts=0,
    )


def is_copy(uow: UnitOfWork, new: NewMessage) -> bool:
    """Whether this very message is here already: same peer, same id, same bytes."""
    key = {
        "conversation": new.conversation,
        "wire_id": new.wire_id,
        "digest": digest(new.context, new.body),
    }
    return _incoming_copy.run(uow, **key).fetchone() is not None


def sent_as(uow: UnitOfWork, conversation: int, wire_id: str) -> int | None:
    """Our own message that carries this id on the wire to this contact."""
    found = _outgoing.run(uow, conversation=conversation, wire_id=wire_id).fetchone()
    return None if found is None else int(found[0])


def quoted(uow: UnitOfWork, conversation: int, content_hash: str) -> int | None:
    """The newest message of a conversation that a quoted reply's hash names (wire-peer §5.3)."""
    key = {"conversation": conversation, "content_hash": content_hash}
    return uow.sql.execute(_quoted, key).scalar_one_or_none()


def named(uow: UnitOfWork, client_id: str) -> int | None:
    """Our message that a client gave this name, in any conversation."""
    found = _by_client_id.run(uow, client_id=client_id).fetchone()
    return None if found is None else int(found[0])


def get(uow: UnitOfWork, message: int) -> MessageRow | None:
    """The message of this id."""
    found = _by_id.run(uow, id=message).fetchone()
    return None if found is None else _row(found)


def of(uow: UnitOfWork, ids: Collection[int]) -> Mapping[int, MessageRow]:
    """Those of these messages that are there."""
    if not ids:
        return {}
    return {found.id: _row(found) for found in uow.sql.execute(_of, {"ids": sorted(ids)}).all()}


def page(uow: UnitOfWork, conversation: int, before: int | None, limit: int) -> Sequence[MessageRow]:
    """The `limit` messages just before the id `before` (None: the newest), newest first."""
    place = NO_LIMIT if before is None else before
    found = _page.run(uow, conversation=conversation, before=place, limit=limit)
    return [_row(row) for row in found.fetchall()]


def set_state(uow: UnitOfWork, message: int, state: MessageState, error: str | None = None) -> None:
    """Moves a message on; `error` is a stable word, only for `failed`."""
    uow.sql.execute(_set_state.values(state=state, error=error), {"message": message})


def mark_read(uow: UnitOfWork, conversation: int) -> int:
    """Marks everything of a conversation read, with one event each; returns how many there were."""
    unread = (
        (messages.c.conversation == conversation)
        & (messages.c.outgoing == literal_column("0"))
        & (messages.c.state == literal_column("'received'"))
    )
    told = select(
        literal_column(str(int(uow.now))),
        literal_column("'message.read'"),
        messages.c.conversation,
        messages.c.id,
    )
    uow.sql.execute(
        insert(events).from_select(
            ["at", "type", "conversation", "message"], told.where(unread).order_by(messages.c.id)
        )
    )
    count = uow.sql.execute(update(messages).where(unread).values(state=MessageState.READ)).rowcount
    uow.wrote_events = uow.wrote_events or count > 0
    return count
