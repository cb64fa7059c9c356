"""API tokens, as the daemon's own database keeps them: a hash of each, and nothing that names a profile."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import Row, bindparam, delete, func, insert, select

from cwtchd.store.database import UnitOfWork, inserted_id
from cwtchd.store.schema import api_tokens


class Scope(StrEnum):
    """What the holder of a token may do; each holds what stands before it."""

    READ = "read"
    SEND = "send"
    ADMIN = "admin"

    def covers(self, needed: "Scope") -> bool:
        """Whether this scope is enough for what needs the other."""
        return _RANK[self] >= _RANK[needed]


_RANK = {scope: rank for rank, scope in enumerate(Scope)}


@dataclass(frozen=True, slots=True)
class ApiTokenRow:
    """A token as it is stored. `profile_mark` is None where it is bound to no profile, `conversations` where to none of them."""

    id: int
    label: str = field(repr=False)
    scope: Scope
    secret_hash: bytes = field(repr=False)
    profile_mark: bytes | None = field(repr=False)
    conversations: frozenset[int] | None
    folders: tuple[str, ...] = field(repr=False)
    created_at: int


_insert = insert(api_tokens)
_all = select(api_tokens).order_by(api_tokens.c.id)
_count = select(func.count()).select_from(api_tokens)
_delete = delete(api_tokens).where(api_tokens.c.id == bindparam("token"))


def add(
    uow: UnitOfWork,
    label: str,
    scope: Scope,
    secret_hash: bytes,
    profile_mark: bytes | None,
    conversations: frozenset[int] | None,
    folders: Sequence[str],
) -> ApiTokenRow:
    """Stores a token."""
    made = uow.sql.execute(
        _insert,
        {
            "label": label,
            "scope": scope,
            "secret_hash": secret_hash,
            "profile_mark": profile_mark,
            "conversations": None if conversations is None else json.dumps(sorted(conversations)),
            "folders": json.dumps(list(folders)),
            "created_at": uow.now,
        },
    )
    return ApiTokenRow(
        inserted_id(made), label, scope, secret_hash, profile_mark, conversations, tuple(folders), uow.now
    )


def listed(uow: UnitOfWork) -> Sequence[ApiTokenRow]:
    """Every token, oldest first."""
    return [_row(row) for row in uow.sql.execute(_all)]


def count(uow: UnitOfWork) -> int:
    """How many there are."""
    return int(uow.sql.execute(_count).scalar_one())


def remove(uow: UnitOfWork, token: int) -> bool:
    """Deletes a token; whether it was there."""
    return uow.sql.execute(_delete, {"token": token}).rowcount > 0


def _row(row: "Row[tuple[object, ...]]") -> ApiTokenRow:
    conversations = None if row.conversations is None else frozenset(json.loads(row.conversations))
    return ApiTokenRow(
        row.id,
        row.label,
        Scope(row.scope),
        row.secret_hash,
        row.profile_mark,
        conversations,
        tuple(json.loads(row.folders)),
        row.created_at,
    )
