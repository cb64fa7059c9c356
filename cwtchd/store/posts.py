"""What is to be posted to servers, each with the one token that it is bound to, until its echo is known."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select, update

from cwtchd.protocol.model import EncryptedGroupMessage, Token
from cwtchd.store.database import UnitOfWork, inserted_id
from cwtchd.store.schema import posts, servers
from cwtchd.store.servers import is_due, is_used


class PostState(StrEnum):
    """Where a post stands. No state says `stored`: a server's word is not taken for it."""

    WAITING_TOKEN = "waiting_token"  # noqa: S105 - a word, no secret
    QUEUED = "queued"
    POSTED = "posted"
    ECHOED = "echoed"
    MISSED = "missed"


OPEN = (PostState.WAITING_TOKEN, PostState.QUEUED, PostState.POSTED)
SETTLED = (PostState.ECHOED, PostState.MISSED)


@dataclass(frozen=True, slots=True)
class PostRow:
    """A post. `attempts` is how often it was shown to its server with the token that it has now."""

    id: int
    server: int
    message: EncryptedGroupMessage = field(repr=False)
    token: Token | None = field(repr=False)
    state: PostState
    attempts: int
    refusals: int
    queued_at: int
    due_at: int
    mark_session: int
    mark_arrival: int
    seen: int
    seen_session: int
    absent: int


_SAME = ("id", "server", "attempts", "refusals", "queued_at", "due_at")
_ECHO = ("mark_session", "mark_arrival", "seen", "seen_session", "absent")
_by_id = select(posts).where(posts.c.id == bindparam("id"))
_by_row = select(posts).where(posts.c.server == bindparam("server"), posts.c.row_id == bindparam("row_id"))
_rows_of = select(posts).where(
    posts.c.server == bindparam("server"), posts.c.row_id.in_(bindparam("row_ids", expanding=True))
)
_of_state = (
    select(posts)
    .where(posts.c.server == bindparam("server"), posts.c.state == bindparam("state"))
    .order_by(posts.c.id)
)
_queued = (
    select(posts)
    .join(servers, servers.c.id == posts.c.server)
    .where(posts.c.state == PostState.QUEUED.value, is_used)
)
_due = _queued.where(is_due(posts.c.due_at)).order_by(posts.c.due_at, posts.c.id).limit(bindparam("limit"))
_next_due = _queued.with_only_columns(func.min(posts.c.due_at))
_count_open = select(func.count()).where(posts.c.server == bindparam("server"), posts.c.state.in_(OPEN))


def _row(found: Row[*tuple[Any, ...]]) -> PostRow:
    return PostRow(
        message=EncryptedGroupMessage(found.ciphertext, found.signature),
        token=None if found.token_secret is None else Token(found.token_secret, found.token_point),
        state=PostState(found.state),
        **{name: getattr(found, name) for name in _SAME + _ECHO},
    )


def add(
    uow: UnitOfWork, server: int, message: EncryptedGroupMessage, row_id: bytes, token: Token | None
) -> int:
    """A new post, bound to this token or waiting for one; returns its id."""
    values = {
        "server": server,
        "row_id": row_id,
        "ciphertext": message.ciphertext,
        "signature": message.signature,
        "token_secret": None if token is None else token.secret,
        "token_point": None if token is None else token.point,
        "state": PostState.WAITING_TOKEN if token is None else PostState.QUEUED,
        "attempts": 0,
        "refusals": 0,
        "queued_at": uow.now,
        "due_at": uow.now,
        **dict.fromkeys(_ECHO, 0),
    }
    return inserted_id(uow.sql.execute(insert(posts), values))


def get(uow: UnitOfWork, post: int) -> PostRow | None:
    """The post of this id."""
    found = uow.sql.execute(_by_id, {"id": post}).one_or_none()
    return None if found is None else _row(found)


def of(uow: UnitOfWork, server: int, row_id: bytes) -> PostRow | None:
    """The post of this row."""
    found = uow.sql.execute(_by_row, {"server": server, "row_id": row_id}).one_or_none()
    return None if found is None else _row(found)


def among(uow: UnitOfWork, server: int, row_ids: Sequence[bytes]) -> Sequence[PostRow]:
    """Those of our posts that these rows are."""
    return [_row(found) for found in uow.sql.execute(_rows_of, {"server": server, "row_ids": row_ids}).all()]


def of_state(uow: UnitOfWork, server: int, state: PostState) -> Sequence[PostRow]:
    """The posts of this state, oldest first."""
    return [_row(found) for found in uow.sql.execute(_of_state, {"server": server, "state": state}).all()]


def due(uow: UnitOfWork, limit: int) -> Sequence[PostRow]:
    """Posts that have their token and whose time has come, of servers in use."""
    return [_row(found) for found in uow.sql.execute(_due, {"now": uow.now, "limit": limit}).all()]


def next_due_at(uow: UnitOfWork) -> int | None:
    """When the next post's time comes, None where none waits."""
    found: int | None = uow.sql.execute(_next_due).scalar_one()
    return found


def count_open(uow: UnitOfWork, server: int) -> int:
    """How many posts have no verdict yet."""
    return int(uow.sql.execute(_count_open, {"server": server}).scalar_one())


def change(uow: UnitOfWork, post: int, **values: int | str) -> None:
    """Sets columns of one post."""
    uow.sql.execute(update(posts).where(posts.c.id == post).values(**values))


def bind(uow: UnitOfWork, post: int, token: Token | None) -> None:
    """Binds a post to a token that it has not been shown with, None to wait for one; attempts are counted anew."""
    uow.sql.execute(
        update(posts)
        .where(posts.c.id == post)
        .values(
            token_secret=None if token is None else token.secret,
            token_point=None if token is None else token.point,
            state=PostState.WAITING_TOKEN if token is None else PostState.QUEUED,
            attempts=0,
        )
    )


def forget_settled(uow: UnitOfWork, server: int, before: int) -> None:
    """Forgets posts with a verdict that were queued before this time."""
    old = delete(posts).where(posts.c.server == server, posts.c.state.in_(SETTLED))
    uow.sql.execute(old.where(posts.c.queued_at < before))
