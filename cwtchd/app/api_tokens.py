"""API tokens: made, listed, revoked, recognised. A token is shown once; what is kept can't be turned back into it."""

import base64
import re
from collections.abc import Callable, Sequence

from cwtchd.app.errors import LimitExceeded, NotFound
from cwtchd.protocol.crypto.primitives import equal, sha256
from cwtchd.store import api_tokens
from cwtchd.store.api_tokens import ApiTokenRow, Scope
from cwtchd.store.database import UnitOfWork

TOKENS_LIMIT = 1_000
SECRET_SIZE = 32
_SHAPE = re.compile(r"cwtchd_([0-9]{1,18})_([A-Za-z0-9_-]{43})", re.ASCII)
"""The id says which hash to compare with, in constant time; the secret has 256 bits, so that nobody guesses it."""

Mark = Callable[[bytes], bytes]
"""Makes the mark of a profile for a token, from the token's hash: see `protocol.crypto.primitives.mark`."""


def create(
    uow: UnitOfWork,
    label: str,
    scope: Scope,
    profile: Mark | None,
    conversations: frozenset[int] | None,
    folders: Sequence[str],
) -> tuple[ApiTokenRow, str]:
    """Makes a token; the text is what its holder shows. Raises LimitExceeded."""
    there = api_tokens.count(uow)
    if there >= TOKENS_LIMIT:
        raise LimitExceeded(limit=TOKENS_LIMIT, size=there + 1)
    secret = base64.urlsafe_b64encode(uow.randomness(SECRET_SIZE)).rstrip(b"=")
    hashed = sha256(secret)
    mark = None if profile is None else profile(hashed)
    row = api_tokens.add(uow, label, scope, hashed, mark, conversations, folders)
    return row, f"cwtchd_{row.id}_{secret.decode('ascii')}"


def revoke(uow: UnitOfWork, token: int) -> None:
    """Deletes a token. Raises NotFound."""
    if not api_tokens.remove(uow, token):
        raise NotFound


def id_of(text: str) -> int | None:
    """Which token a text claims to be."""
    shape = _SHAPE.fullmatch(text)
    return None if shape is None else int(shape[1])


def is_token(text: str, row: ApiTokenRow | None) -> bool:
    """Whether the text is this token; takes as long where there is no such token."""
    shape = _SHAPE.fullmatch(text)
    secret = b"" if shape is None else shape[2].encode("ascii")
    expected = bytes(32) if row is None else row.secret_hash
    return equal(sha256(secret), expected) and row is not None
