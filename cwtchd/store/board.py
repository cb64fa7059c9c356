"""What one hosted server keeps: messages that are opaque to it, and the tokens that were spent on them.

Rules. A row is keyed by signature and nonce, and by what is in the box: junk under somebody's signature and nonce is another row, so
that it can't keep the message out. Ids rise in the order of posting, and those that are kept have no hole: nothing but the oldest is
removed, and an insertion that would meet a constraint is not tried. So rows between two ids are counted without reading them.
Nothing about a client is here, and no time finer than the hour. What is kept and sent is decided in `cwtchd.server.board`.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct
from sqlalchemy import bindparam, delete, func, insert, literal_column, select

from cwtchd.protocol.crypto.primitives import NONCE_SIZE, sha256
from cwtchd.protocol.model import EncryptedGroupMessage
from cwtchd.store.board_schema import ids_ever, messages, spent_tokens
from cwtchd.store.database import Database, DatabaseUnreadable, UnitOfWork
from cwtchd.store.hot import Hot, inserted

BOARD_SCRIPTS = "cwtchd.store.server_migrations"
HOUR_MILLISECONDS = 3_600_000
_DIGEST_SIZE = 16
"""Of a box's SHA-256: who would keep a message out needs another box of the same digest, which 128 bits forbid."""


class BoardRow(Struct, frozen=True):
    """A message as it is kept."""

    id: int
    message: EncryptedGroupMessage


@dataclass(frozen=True, slots=True)
class Replay:
    """The rows that a replay sends, by id, both inclusive; `last` is one less than `first` where there are none."""

    first: int
    last: int

    @property
    def count(self) -> int:
        """How many they are; as many can be paged as long as none of them is pruned (`server.retention`)."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class KeptRow:
    """What retention asks of a row: bytes of ciphertext and signature, hours since the epoch."""

    id: int
    size: int
    hour: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Messages and bytes (of ciphertexts and signatures) that are kept; posts that were ever kept."""

    messages: int
    bytes: int
    posts: int


def open_board(path: Path, *, make: bool) -> Database:
    """Opens a hosted server's database, plain SQLite; makes it only where `make` says so. Raises as `Database.open` does.

    One that is lost is not made anew by itself: every token that was ever spent could be spent again.
    """
    if not make and not path.exists():
        raise DatabaseUnreadable(
            "The server's file `board.db` is not there: put back the one that belongs to it."
        )
    return Database.open(path, None, make=make, scripts=BOARD_SCRIPTS)


_size = func.length(messages.c.signature) + func.length(messages.c.nonce) + func.length(messages.c.box)
_oldest = (
    select(messages.c.bytes_ever - _size).order_by(messages.c.id).limit(literal_column("1")).scalar_subquery()
)
_newest = (
    select(messages.c.bytes_ever).order_by(messages.c.id.desc()).limit(literal_column("1")).scalar_subquery()
)
_insert = Hot(
    insert(messages).values(
        signature=bindparam("signature"),
        nonce=bindparam("nonce"),
        box_digest=bindparam("box_digest"),
        hour=bindparam("hour"),
        bytes_ever=func.coalesce(_newest, literal_column("0")) + bindparam("size"),
        box=bindparam("box"),
    )
)
_known = Hot(
    select(messages.c.id).where(
        messages.c.signature == bindparam("signature"),
        messages.c.nonce == bindparam("nonce"),
        messages.c.box_digest == bindparam("box_digest"),
    )
)
_page = Hot(
    select(messages.c.id, messages.c.signature, messages.c.nonce, messages.c.box)
    .where(messages.c.id > bindparam("after"), messages.c.id <= bindparam("until"))
    .order_by(messages.c.id)
    .limit(bindparam("limit") + literal_column("0"))
)
_oldest_of = Hot(select(func.min(messages.c.id)).where(messages.c.signature == bindparam("signature")))
_newest_ever = select(ids_ever.c.seq).where(ids_ever.c.name == literal_column("'messages'")).scalar_subquery()
_ends = Hot(
    select(
        select(func.min(messages.c.id)).scalar_subquery(), func.coalesce(_newest_ever, literal_column("0"))
    )
)
_by_age = Hot(select(messages.c.id, _size, messages.c.hour).order_by(messages.c.id))
_remove = Hot(delete(messages).where(messages.c.id <= bindparam("through")))
_spent = Hot(select(literal_column("1")).where(spent_tokens.c.secret == bindparam("secret")))
_spend = Hot(insert(spent_tokens), "secret")
_bytes = Hot(select(func.coalesce(_newest - _oldest, literal_column("0"))))


def is_spent(uow: UnitOfWork, secret: bytes) -> bool:
    """Whether a token of this secret paid for a message before."""
    return _spent.run(uow, secret=secret).fetchone() is not None


def spend(uow: UnitOfWork, secret: bytes) -> None:
    """Marks a token spent; a second time is a constraint's error."""
    _spend.run(uow, secret=secret)


def add(uow: UnitOfWork, message: EncryptedGroupMessage) -> int | None:
    """Keeps a message. Its new id, or None where this very message is kept already.

    The signature has 64 bytes, the ciphertext at least a nonce and a tag.
    """
    key = {
        "signature": message.signature,
        "nonce": message.ciphertext[:NONCE_SIZE],
        "box_digest": sha256(message.ciphertext[NONCE_SIZE:])[:_DIGEST_SIZE],
    }
    if _known.run(uow, **key).fetchone() is not None:
        return None
    size = len(message.ciphertext) + len(message.signature)
    box = message.ciphertext[NONCE_SIZE:]
    return inserted(_insert.run(uow, **key, hour=uow.now // HOUR_MILLISECONDS, size=size, box=box))


def ends(uow: UnitOfWork) -> tuple[int, int]:
    """The ids of the oldest and the newest row, all between them being there. Where nothing is kept, the next id and the last that was."""
    oldest, newest = _ends.run(uow).fetchone()
    return newest + 1 if oldest is None else oldest, newest


def start_of(uow: UnitOfWork, last_commit: bytes | None) -> Replay:
    """What a client is sent that has everything up to this signature, as real servers do (wire-server §3.2).

    From the oldest row of the signature on, that row included, so that nothing is skipped where there is junk under it; from the oldest row
    of all where the signature is None, empty, unknown or pruned. To the newest row that there is now: what comes later is live.
    """
    oldest, newest = ends(uow)
    known = None
    if last_commit:
        (known,) = _oldest_of.run(uow, signature=last_commit).fetchone()
    return Replay(oldest if known is None else known, newest)


def page(uow: UnitOfWork, after: int, until: int, limit: int) -> Sequence[BoardRow]:
    """The next rows behind the id `after`, up to the id `until`, oldest first."""
    found = _page.run(uow, after=after, limit=limit, until=until).fetchall()
    return [
        BoardRow(row, EncryptedGroupMessage(nonce + box, signature)) for row, signature, nonce, box in found
    ]


def sums(uow: UnitOfWork) -> Totals:
    """What is kept, in a time that does not depend on how much that is."""
    oldest, newest = ends(uow)
    (size,) = _bytes.run(uow).fetchone()
    return Totals(newest - oldest + 1, size, newest)


def by_age(uow: UnitOfWork) -> Generator[KeptRow, None, None]:
    """The rows from the oldest on, each read when it is asked for. Nothing may be written before the iterator is closed or dry."""
    found = _by_age.run(uow)
    try:
        for row in found:
            yield KeptRow(*row)
    finally:
        found.close()


def remove_through(uow: UnitOfWork, last: int) -> None:
    """Removes every row up to this id, it included."""
    _remove.run(uow, through=last)
