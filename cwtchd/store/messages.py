"""What was said, both ways. Between two contacts ids rise in display order."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, bindparam, insert, literal_column, select, update

from cwtchd.protocol.crypto.primitives import sha256
from cwtchd.store.database import UnitOfWork, inserted_id
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


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A stored message; `attempts` is how often it was transmitted, None once it is off the outbox."""

    id: int
    conversation: int
    outgoing: bool
    wire_id: str = field(repr=False)
    context: str
    body: bytes = field(repr=False)
    overlay: int | None
    text: str | None = field(repr=False)
    content_hash: str = field(repr=False)
    reply_to: int | None
    sent_at: int | None
    received_at: int | None
    state: MessageState
    error: str | None
    client_id: str | None = field(repr=False)
    attempts: int | None


_columns = [column for column in messages.c if column is not messages.c.digest]
_all = select(*_columns, outbox.c.attempts).select_from(
    messages.outerjoin(outbox, outbox.c.message == messages.c.id)
)
_by_id = _all.where(messages.c.id == bindparam("id"))
_page = (
    _all.where(
        messages.c.conversation == bindparam("conversation"),
        messages.c.id < bindparam("before"),
    )
    .order_by(messages.c.id.desc())
    .limit(bindparam("limit"))
)
_of = _all.where(messages.c.id.in_(bindparam("ids", expanding=True)))
_insert = insert(messages)
_incoming_copy = select(messages.c.id).where(
    messages.c.conversation == bindparam("conversation"),
    messages.c.wire_id == bindparam("wire_id"),
    messages.c.digest == bindparam("digest"),
    messages.c.outgoing == literal_column("0"),  # a literal, so that SQLite can use the partial index
)
_outgoing = select(messages.c.id).where(
    messages.c.conversation == bindparam("conversation"),
    messages.c.wire_id == bindparam("wire_id"),
    messages.c.outgoing == literal_column("1"),
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
_by_client_id = select(messages.c.id).where(messages.c.client_id == bindparam("client_id"))
_set_state = update(messages).where(messages.c.id == bindparam("message"))

NO_LIMIT = (1 << 63) - 1
"""An id above every id: a page without `before`."""


def digest(context: str, body: bytes) -> bytes:
    """What makes two messages of one id copies of each other: SHA-256 over context and data, lengths apart."""
    return sha256(len(context).to_bytes(4, "little") + context.encode() + body)


def _row(found: Row[*tuple[Any, ...]]) -> MessageRow:
    values = found._mapping  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    return MessageRow(
        **{**values, "outgoing": bool(values["outgoing"]), "state": MessageState(str(values["state"]))}
    )


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
    return inserted_id(uow.sql.execute(_insert, row))


def add_incoming(uow: UnitOfWork, new: NewMessage) -> int:
    """Stores a message that came in; a copy of one that is there is a constraint's error: ask `is_copy` first."""
    return _add(uow, new, outgoing=0, state=MessageState.RECEIVED, sent_at=None, received_at=uow.now)


def add_outgoing(uow: UnitOfWork, new: NewMessage) -> int:
    """Stores a message to be sent. Whoever queues it puts it on the outbox in the same unit."""
    return _add(uow, new, outgoing=1, state=MessageState.QUEUED, sent_at=uow.now, received_at=None)


def is_copy(uow: UnitOfWork, new: NewMessage) -> bool:
    """Whether this very message is here already: same peer, same id, same bytes."""
    key = {
        "conversation": new.conversation,
        "wire_id": new.wire_id,
        "digest": digest(new.context, new.body),
    }
    return uow.sql.execute(_incoming_copy, key).first() is not None


def sent_as(uow: UnitOfWork, conversation: int, wire_id: str) -> int | None:
    """Our own message that carries this id on the wire to this contact."""
    key = {"conversation": conversation, "wire_id": wire_id}
    return uow.sql.execute(_outgoing, key).scalars().first()


def quoted(uow: UnitOfWork, conversation: int, content_hash: str) -> int | None:
    """The newest message of a conversation that a quoted reply's hash names (wire-peer §5.3)."""
    key = {"conversation": conversation, "content_hash": content_hash}
    return uow.sql.execute(_quoted, key).scalar_one_or_none()


def named(uow: UnitOfWork, client_id: str) -> int | None:
    """Our message that a client gave this name, in any conversation."""
    return uow.sql.execute(_by_client_id, {"client_id": client_id}).scalar_one_or_none()


def get(uow: UnitOfWork, message: int) -> MessageRow | None:
    """The message of this id."""
    found = uow.sql.execute(_by_id, {"id": message}).one_or_none()
    return None if found is None else _row(found)


def of(uow: UnitOfWork, ids: Collection[int]) -> Mapping[int, MessageRow]:
    """Those of these messages that are there."""
    if not ids:
        return {}
    return {found.id: _row(found) for found in uow.sql.execute(_of, {"ids": sorted(ids)})}


def page(uow: UnitOfWork, conversation: int, before: int | None, limit: int) -> Sequence[MessageRow]:
    """The `limit` messages just before the id `before` (None: the newest), newest first."""
    key = {"conversation": conversation, "before": NO_LIMIT if before is None else before, "limit": limit}
    return [_row(found) for found in uow.sql.execute(_page, key)]


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
