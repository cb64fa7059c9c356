"""What a profile has received from its servers: the newest session of each, which rows are known, at which a session may resume.

No cursor is kept beyond the anchors. Of a row 16 bytes are (its content belongs to the groups), and only while it may come again.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from itertools import product

from sqlalchemy import bindparam, delete, insert, literal_column, select, tuple_, update
from sqlalchemy.dialects.sqlite import insert as upsert

from cwtchd.store.database import UnitOfWork
from cwtchd.store.hot import Hot
from cwtchd.store.schema import server_anchors, server_rows, server_sessions, servers


@dataclass(frozen=True, slots=True)
class SessionRow:
    """The newest sync session with a server; the columns of `server_sessions`."""

    server: int
    number: int
    began: int
    resume: int
    gap_from: int | None
    caught_up: bool
    ended: bool
    repeats: int
    idle_cuts: int
    forget_below: int
    forgotten: bool


@dataclass(frozen=True, slots=True)
class Anchor:
    """A row at which a session may resume once it came in two replays."""

    arrival: int
    signature: bytes = field(repr=False)


_FLAGS = ("caught_up", "ended", "forgotten")
_session = Hot(select(server_sessions).where(server_sessions.c.server == bindparam("of")))
_known = Hot(
    select(server_rows.c.arrival).where(
        server_rows.c.server == bindparam("of"), server_rows.c.row_id == bindparam("row")
    )
)
_add = Hot(insert(server_rows), "server", "row_id", "arrival")
_anchored = upsert(server_anchors)
_add_anchor = Hot(
    _anchored.on_conflict_do_update(
        index_elements=["server", "arrival"],
        set_={"replays": server_anchors.c.replays + 1, "seen_in": _anchored.excluded.seen_in},
        where=server_anchors.c.seen_in != _anchored.excluded.seen_in,
    ),
    *server_anchors.c.keys(),
)
REPLAYS = 2
"""In so many sessions' replays a row comes before one resumes at it."""
_resumable = server_anchors.c.replays >= REPLAYS
_counted = Hot(
    update(servers)
    .where(servers.c.id == bindparam("of"))
    .values(row_count=servers.c.row_count + bindparam("more") + literal_column("0"))
)
_newest = (
    select(server_anchors.c.arrival, server_anchors.c.signature)
    .where(
        server_anchors.c.server == bindparam("of"), server_anchors.c.level >= bindparam("least"), _resumable
    )
    .order_by(server_anchors.c.arrival.desc())
    .limit(1)
)
_beyond = (
    select(server_anchors.c.arrival)
    .where(server_anchors.c.server == bindparam("of"), server_anchors.c.level == bindparam("at_level"))
    .order_by(server_anchors.c.arrival.desc())
    .limit(-1)
    .offset(bindparam("kept"))
)
_of_each_kind = (_beyond.where(_resumable), _beyond.where(~_resumable))
_forget = delete(server_rows).where(
    tuple_(server_rows.c.server, server_rows.c.row_id).in_(
        select(server_rows.c.server, server_rows.c.row_id)
        .where(server_rows.c.server == bindparam("of"), server_rows.c.arrival < bindparam("below"))
        .limit(bindparam("limit"))
    )
)


def session(uow: UnitOfWork, server: int) -> SessionRow | None:
    """The newest session with this server, None before the first."""
    found = _session.run(uow, of=server).fetchone()
    if found is None:
        return None
    values = dict(zip(server_sessions.c.keys(), found, strict=True))
    return SessionRow(**{**values, **{name: bool(values[name]) for name in _FLAGS}})


def begin(uow: UnitOfWork, row: SessionRow) -> None:
    """Writes a new session in the place of the one before."""
    values = asdict(row)
    statement = upsert(server_sessions).values({**values, **{name: int(values[name]) for name in _FLAGS}})
    uow.sql.execute(statement.on_conflict_do_update(index_elements=["server"], set_=dict(statement.excluded)))


def change(uow: UnitOfWork, server: int, **values: int) -> None:
    """Sets columns of the newest session."""
    uow.sql.execute(update(server_sessions).where(server_sessions.c.server == server).values(**values))


def arrival(uow: UnitOfWork, server: int, row_id: bytes) -> int | None:
    """The place of a row among all that arrived, None where it is not known."""
    found = _known.run(uow, of=server, row=row_id).fetchone()
    return None if found is None else int(found[0])


def add(uow: UnitOfWork, server: int, row_id: bytes, arrival: int) -> None:
    """Notes a row that is new."""
    _add.run(uow, server=server, row_id=row_id, arrival=arrival)


def counted(uow: UnitOfWork, server: int, more: int) -> None:
    """So many more rows arrived new."""
    _counted.run(uow, of=server, more=more)


def forget(uow: UnitOfWork, server: int, below: int, limit: int) -> int:
    """Forgets up to `limit` rows that arrived before `below`; how many there were."""
    return uow.sql.execute(_forget, {"of": server, "below": below, "limit": limit}).rowcount


def add_anchor(uow: UnitOfWork, server: int, anchor: Anchor, level: int, session: int) -> None:
    """Notes that a row at which a session may resume some day came in this session's replay, however often."""
    _add_anchor.run(
        uow,
        server=server,
        arrival=anchor.arrival,
        signature=anchor.signature,
        level=level,
        replays=1,
        seen_in=session,
    )


def forget_anchors(uow: UnitOfWork, server: int, levels: Iterable[int], kept: int) -> None:
    """Of each of these levels only the newest `kept` stay, of those that may be resumed at and of those that may not yet."""
    for level, kind in product(levels, _of_each_kind):
        old = uow.sql.execute(kind, {"of": server, "at_level": level, "kept": kept}).scalars().all()
        if old:
            gone = delete(server_anchors).where(server_anchors.c.server == server)
            uow.sql.execute(gone.where(server_anchors.c.arrival.in_(old)))


def newest_anchor(uow: UnitOfWork, server: int, level: int) -> Anchor | None:
    """The newest anchor of this level or above that came in two replays."""
    found = uow.sql.execute(_newest, {"of": server, "least": level}).one_or_none()
    return None if found is None else Anchor(*found)
