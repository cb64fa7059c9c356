"""Tokens that no message is bound to yet. One that is taken out stands with its message from then on, and never comes back."""

from collections.abc import Iterable

from sqlalchemy import bindparam, delete, func, insert, select

from cwtchd.protocol.model import Token
from cwtchd.store.database import UnitOfWork
from cwtchd.store.schema import servers, tokens
from cwtchd.store.servers import is_due, is_used

_oldest = (
    select(tokens.c.id, tokens.c.secret, tokens.c.point)
    .where(tokens.c.server == bindparam("server"))
    .order_by(tokens.c.id)
    .limit(1)
)
_count = select(func.count()).where(tokens.c.server == bindparam("server"))
_due = (
    select(servers.c.id).where(is_used, is_due(servers.c.purchase_due_at)).order_by(servers.c.purchase_due_at)
)
_next_due = select(func.min(servers.c.purchase_due_at)).where(is_used)


def add(uow: UnitOfWork, server: int, bought: Iterable[Token]) -> None:
    """Puts tokens in; one that was there before is a constraint's error."""
    rows = [{"server": server, "secret": token.secret, "point": token.point} for token in bought]
    if rows:
        uow.sql.execute(insert(tokens), rows)


def take(uow: UnitOfWork, server: int) -> Token | None:
    """Takes the oldest out, for the message that the same unit binds it to."""
    found = uow.sql.execute(_oldest, {"server": server}).one_or_none()
    if found is None:
        return None
    uow.sql.execute(delete(tokens).where(tokens.c.id == found.id))
    return Token(found.secret, found.point)


def count(uow: UnitOfWork, server: int) -> int:
    """How many tokens there are for this server."""
    return int(uow.sql.execute(_count, {"server": server}).scalar_one())


def due(uow: UnitOfWork) -> list[int]:
    """The servers whose clock says that their stock is to be looked at, the longest due first."""
    return list(uow.sql.execute(_due, {"now": uow.now}).scalars())


def next_due_at(uow: UnitOfWork) -> int | None:
    """When the next clock of a server in use strikes, None where there is none."""
    found: int | None = uow.sql.execute(_next_due).scalar_one()
    return found
