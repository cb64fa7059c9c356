"""The servers that a profile uses: their keys as they were first seen, what they were caught at, how many rows a day they bring.

What was received from them is `server_rows`, tokens are `wallet`, what is to be posted `posts`: all of it goes with the server's row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Row,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert as upsert

from cwtchd.protocol.model import Onion
from cwtchd.store.database import UnitOfWork, inserted_id
from cwtchd.store.schema import (
    posts,
    server_days,
    server_evidence,
    server_faults,
    server_rows,
    servers,
    tokens,
)


class Fault(StrEnum):
    """What a server was caught at."""

    OTHER_KEYS = "other_keys"
    """it signed a second bundle with other keys"""
    LIED_PROOF = "lied_proof"
    """a batch of tokens whose proof doesn't hold: signed with another key than its bundle names"""
    SHORT_COUNT = "short_count"
    """fewer rows or tokens than it announced"""
    ENDLESS = "endless"
    """a replay that nobody could finish"""
    REPEATS = "repeats"
    """the same rows again and again in one session"""
    REFUSED_TOKENS = "refused_tokens"
    """good tokens, never shown before, refused one after another"""
    MALFORMED = "malformed"
    """bytes that are not what the protocol allows"""


@dataclass(frozen=True, slots=True)
class NewServer:
    """A server about to be stored; `bundle` is the `server:…` string as it was signed."""

    onion: Onion = field(repr=False)
    token_service: Onion = field(repr=False)
    token_key: bytes = field(repr=False)
    key_id: bytes = field(repr=False)
    bundle: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServerRow:
    """A server, with what is counted of it. `rows` counts each row once; `last_synced_at` is of the last replay that came whole."""

    id: int
    onion: Onion = field(repr=False)
    token_service: Onion = field(repr=False)
    token_key: bytes = field(repr=False)
    key_id: bytes = field(repr=False)
    bundle: str = field(repr=False)
    wanted: bool
    added_at: int
    rows: int
    last_synced_at: int | None
    tokens: int
    waiting_posts: int
    faults: tuple[Fault, ...]

    @property
    def distrusted(self) -> bool:
        """It contradicted its own signed keys: nothing more is posted there (extensions 4.4)."""
        return Fault.OTHER_KEYS in self.faults


is_used = and_(
    servers.c.wanted == 1,
    ~select(server_faults.c.fault)
    .where(server_faults.c.server == servers.c.id, server_faults.c.fault == Fault.OTHER_KEYS.value)
    .exists(),
)
"""Whether anything is bought from or posted to a server: it is wanted, and not distrusted."""

FARTHEST_MS = 3 * 24 * 60 * 60 * 1000


def is_due(at: Column[Any]) -> ColumnElement[bool]:
    """Whether a time has come by `now`; one that is farther off than any is ever set comes from a clock that was wrong, and has come."""
    now: BindParameter[int] = bindparam("now")
    return or_(at <= now, at > now + FARTHEST_MS)


_waiting = ("queued", "waiting_token")
_all = select(
    servers,
    select(func.count()).where(tokens.c.server == servers.c.id).scalar_subquery().label("tokens"),
    select(func.count())
    .where(posts.c.server == servers.c.id, posts.c.state.in_(_waiting))
    .scalar_subquery()
    .label("waiting_posts"),
)
_by_id = _all.where(servers.c.id == bindparam("id"))
_by_onion = _all.where(servers.c.onion == bindparam("onion"))
_listed = _all.order_by(servers.c.id)
_faults = select(server_faults.c.fault).where(server_faults.c.server == bindparam("server"))
_days = select(server_days.c.day, server_days.c.row_count).where(server_days.c.server == bindparam("server"))


def _row(uow: UnitOfWork, found: Row[*tuple[Any, ...]]) -> ServerRow:
    faults = uow.sql.execute(
        _faults.order_by(server_faults.c.first_at, server_faults.c.fault), {"server": found.id}
    )
    return ServerRow(
        id=found.id,
        onion=Onion(found.onion),
        token_service=Onion(found.token_service),
        token_key=found.token_key,
        key_id=found.key_id,
        bundle=found.bundle,
        wanted=bool(found.wanted),
        added_at=found.added_at,
        rows=found.row_count,
        last_synced_at=found.last_synced_at,
        tokens=found.tokens,
        waiting_posts=found.waiting_posts,
        faults=tuple(Fault(name) for (name,) in faults),
    )


def get(uow: UnitOfWork, server: int) -> ServerRow | None:
    """The server of this id."""
    found = uow.sql.execute(_by_id, {"id": server}).one_or_none()
    return None if found is None else _row(uow, found)


def of(uow: UnitOfWork, onion: Onion) -> ServerRow | None:
    """The server of this address."""
    found = uow.sql.execute(_by_onion, {"onion": onion}).one_or_none()
    return None if found is None else _row(uow, found)


def listed(uow: UnitOfWork) -> Sequence[ServerRow]:
    """Every server, oldest first."""
    return [_row(uow, found) for found in uow.sql.execute(_listed).all()]


def count(uow: UnitOfWork) -> int:
    """How many servers there are."""
    return int(uow.sql.execute(select(func.count()).select_from(servers)).scalar_one())


def create(uow: UnitOfWork, new: NewServer, first_batches: int) -> int:
    """A new server, wanted, with so many batches of tokens to be bought at once; returns its id."""
    values = {
        "onion": new.onion,
        "token_service": new.token_service,
        "token_key": new.token_key,
        "key_id": new.key_id,
        "bundle": new.bundle,
        "wanted": 1,
        "added_at": uow.now,
        "row_count": 0,
        "first_batches": first_batches,
        "purchase": 0,
        "purchase_due_at": uow.now,
    }
    return inserted_id(uow.sql.execute(insert(servers), values))


def change(uow: UnitOfWork, server: int, **values: int | str) -> None:
    """Sets columns of one server."""
    uow.sql.execute(update(servers).where(servers.c.id == server).values(**values))


def remove(uow: UnitOfWork, server: int) -> None:
    """Deletes a server with its tokens, posts, rows and what it was caught at."""
    # First, by itself: a cascade would look for each row's parent.
    uow.sql.execute(delete(server_rows).where(server_rows.c.server == server))
    uow.sql.execute(delete(servers).where(servers.c.id == server))


def keep_evidence(uow: UnitOfWork, server: int, bundle: str) -> None:
    """Keeps the first bundle that contradicts the server's own."""
    statement = upsert(server_evidence).values(server=server, bundle=bundle, at=uow.now)
    uow.sql.execute(statement.on_conflict_do_nothing())


def evidence(uow: UnitOfWork, server: int) -> str | None:
    """The bundle that contradicts the server's own, if one was seen."""
    return uow.sql.execute(
        select(server_evidence.c.bundle).where(server_evidence.c.server == server)
    ).scalar_one_or_none()


def add_fault(uow: UnitOfWork, server: int, fault: Fault) -> bool:
    """Counts one more of a kind; True where it is the first."""
    first = uow.sql.execute(
        upsert(server_faults)
        .values(server=server, fault=fault, times=0, first_at=uow.now, last_at=uow.now)
        .on_conflict_do_nothing()
    )
    uow.sql.execute(
        update(server_faults)
        .where(server_faults.c.server == server, server_faults.c.fault == fault)
        .values(times=server_faults.c.times + 1, last_at=uow.now)
    )
    return first.rowcount > 0


@dataclass(frozen=True, slots=True)
class Counting:
    """How far a server's rows are counted: the last day that was, and the first whole one; None before the first whole replay."""

    rows: int
    counted_to: int | None
    counted_from: int | None


def counting(uow: UnitOfWork, server: int) -> Counting:
    """How far this server's rows are counted."""
    columns = (servers.c.row_count, servers.c.counted_to, servers.c.counted_from)
    return Counting(*uow.sql.execute(select(*columns).where(servers.c.id == server)).one())


@dataclass(frozen=True, slots=True)
class Purchases:
    """Batches to be bought at once, since the server is new; the number of the open purchase, or of the one to come less one."""

    first_batches: int
    purchase: int


def purchases(uow: UnitOfWork, server: int) -> Purchases | None:
    """How the buying of tokens stands; None where the server is gone."""
    columns = (servers.c.first_batches, servers.c.purchase)
    found = uow.sql.execute(select(*columns).where(servers.c.id == server)).one_or_none()
    return None if found is None else Purchases(*found)


def days(uow: UnitOfWork, server: int) -> Mapping[int, int]:
    """How many rows came new on each of the last days."""
    return {row.day: row.row_count for row in uow.sql.execute(_days, {"server": server})}


def count_rows(uow: UnitOfWork, server: int, of_days: Mapping[int, int]) -> None:
    """Adds to the rows of these days."""
    for day, rows in of_days.items():
        statement = upsert(server_days).values(server=server, day=day, row_count=rows)
        uow.sql.execute(
            statement.on_conflict_do_update(
                index_elements=["server", "day"], set_={"row_count": server_days.c.row_count + rows}
            )
        )


def forget_days(uow: UnitOfWork, server: int, before: int) -> None:
    """Forgets the days before this one."""
    uow.sql.execute(delete(server_days).where(server_days.c.server == server, server_days.c.day < before))
