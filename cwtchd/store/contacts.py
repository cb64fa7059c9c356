"""Conversations as they are stored, and the addresses that were rejected a short while ago."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, func, insert, literal_column, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from cwtchd.protocol.model import Onion
from cwtchd.store.database import UnitOfWork, inserted_id
from cwtchd.store.hot import Hot
from cwtchd.store.schema import conversations, messages, rejections


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A conversation with one contact, with what is counted from its messages."""

    id: int
    kind: str
    address: Onion = field(repr=False)
    name: str = field(repr=False)
    accepted: bool
    blocked: bool
    created_at: int
    turned_away: int
    unread: int
    last_message_at: int | None

    @property
    def pending(self) -> bool:
        """Nobody has said yet whether this contact is wanted."""
        return not self.accepted and not self.blocked


@dataclass(frozen=True, slots=True)
class Standing:
    """Who a contact is and whether it is wanted, without what is counted from its messages."""

    address: Onion = field(repr=False)
    accepted: bool
    blocked: bool


@dataclass(frozen=True, slots=True)
class Greetings:
    """What strangers have left: how many messages, how many bytes."""

    count: int
    size: int


_last = (
    select(func.coalesce(messages.c.received_at, messages.c.sent_at))
    .where(messages.c.conversation == conversations.c.id)
    .order_by(messages.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
_unread = (
    select(func.count())
    .where(
        messages.c.conversation == conversations.c.id,
        messages.c.outgoing == literal_column("0"),  # literals, so that SQLite can use the partial index
        messages.c.state == literal_column("'received'"),
    )
    .scalar_subquery()
)
_all = select(conversations, _unread.label("unread"), _last.label("last_message_at"))
_by_id = _all.where(conversations.c.id == bindparam("id"))
_standing = Hot(
    select(conversations.c.address, conversations.c.accepted, conversations.c.blocked).where(
        conversations.c.id == bindparam("id")
    )
)
_by_address = _all.where(conversations.c.address == bindparam("address"))
_listed = _all.order_by(conversations.c.id)
_is_pending = and_(
    conversations.c.accepted == literal_column("0"), conversations.c.blocked == literal_column("0")
)
_count_pending = select(func.count()).select_from(conversations).where(_is_pending)
_silent_pending = (
    _all.where(
        _is_pending, ~select(messages.c.id).where(messages.c.conversation == conversations.c.id).exists()
    )
    .order_by(conversations.c.id)
    .limit(1)
)
_greetings_of = select(func.count(), func.coalesce(func.sum(func.length(messages.c.body)), 0)).where(
    messages.c.conversation == bindparam("conversation"), messages.c.outgoing == literal_column("0")
)
_greetings = (
    select(func.count(), func.coalesce(func.sum(func.length(messages.c.body)), 0))
    .select_from(conversations.join(messages, messages.c.conversation == conversations.c.id))
    .where(_is_pending, messages.c.outgoing == literal_column("0"))
)
_insert = insert(conversations)
_rejection = select(rejections.c.until).where(rejections.c.address == bindparam("address"))


def _row(found: Row[*tuple[Any, ...]]) -> ConversationRow:
    values = found._mapping  # noqa: SLF001 - SQLAlchemy's public name for a row as a mapping
    return ConversationRow(
        **{**values, "accepted": bool(values["accepted"]), "blocked": bool(values["blocked"])}
    )


def get(uow: UnitOfWork, conversation: int) -> ConversationRow | None:
    """The conversation of this id."""
    found = uow.sql.execute(_by_id, {"id": conversation}).one_or_none()
    return None if found is None else _row(found)


def standing(uow: UnitOfWork, conversation: int) -> Standing | None:
    """The contact of this id: what every call on its conversation asks, and costs a third of `get`."""
    found = _standing.run(uow, id=conversation).fetchone()
    return None if found is None else Standing(Onion(found[0]), bool(found[1]), bool(found[2]))


def of(uow: UnitOfWork, address: Onion) -> ConversationRow | None:
    """The conversation with this contact."""
    found = uow.sql.execute(_by_address, {"address": address}).one_or_none()
    return None if found is None else _row(found)


def listed(uow: UnitOfWork) -> Sequence[ConversationRow]:
    """Every conversation, oldest first."""
    return [_row(found) for found in uow.sql.execute(_listed)]


def create(uow: UnitOfWork, address: Onion, name: str, *, accepted: bool) -> int:
    """A new conversation; returns its id."""
    values = {
        "kind": "contact",
        "address": address,
        "name": name,
        "accepted": int(accepted),
        "blocked": 0,
        "created_at": uow.now,
        "turned_away": 0,
    }
    return inserted_id(uow.sql.execute(_insert, values))


def change(uow: UnitOfWork, conversation: int, **values: int | str) -> None:
    """Sets columns of one conversation."""
    uow.sql.execute(update(conversations).where(conversations.c.id == conversation).values(**values))


def remove(uow: UnitOfWork, conversation: int) -> None:
    """Deletes a conversation with its messages and what waits to be sent."""
    uow.sql.execute(delete(conversations).where(conversations.c.id == conversation))


def count_pending(uow: UnitOfWork) -> int:
    """How many contacts wait for a decision."""
    return int(uow.sql.execute(_count_pending).scalar_one())


def oldest_silent_pending(uow: UnitOfWork) -> ConversationRow | None:
    """The oldest request that came without a message: the one that a new one may take the place of."""
    found = uow.sql.execute(_silent_pending).one_or_none()
    return None if found is None else _row(found)


def greetings_of(uow: UnitOfWork, conversation: int) -> Greetings:
    """What this contact has sent so far."""
    return Greetings(*uow.sql.execute(_greetings_of, {"conversation": conversation}).one())


def greetings(uow: UnitOfWork) -> Greetings:
    """What all pending contacts have sent so far."""
    return Greetings(*uow.sql.execute(_greetings).one())


def rejected_until(uow: UnitOfWork, address: Onion) -> int | None:
    """Until when this address is turned away."""
    return uow.sql.execute(_rejection, {"address": address}).scalar_one_or_none()


def reject(uow: UnitOfWork, address: Onion, until: int) -> None:
    """Turns the address away until then; rejections that are over are forgotten."""
    uow.sql.execute(delete(rejections).where(rejections.c.until <= uow.now))
    statement = upsert(rejections).values(address=address, until=until)
    uow.sql.execute(statement.on_conflict_do_update(index_elements=["address"], set_={"until": until}))


def forget_rejection(uow: UnitOfWork, address: Onion) -> None:
    """The address may ask again at once."""
    uow.sql.execute(delete(rejections).where(rejections.c.address == address))
