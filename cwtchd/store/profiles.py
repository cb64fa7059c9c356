"""The one row that says whose database this is."""

from dataclasses import dataclass, field

from sqlalchemy import insert, select, update

from cwtchd.protocol.crypto.onion import identity_from_seed
from cwtchd.protocol.model import Identity
from cwtchd.store.database import UnitOfWork
from cwtchd.store.schema import profile

_one = select(profile)
_insert = insert(profile)


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """A profile as it is stored."""

    identity: Identity
    name: str = field(repr=False)
    created_at: int
    autostart: bool
    """an unattended start opens it"""


def create(uow: UnitOfWork, seed: bytes, name: str) -> ProfileRow:
    """Writes the profile's row; a second one is a constraint's error."""
    identity = identity_from_seed(seed)
    uow.sql.execute(
        _insert,
        {
            "id": 1,
            "onion": identity.onion,
            "seed": seed,
            "name": name,
            "created_at": uow.now,
            "autostart": 1,
        },
    )
    return ProfileRow(identity, name, uow.now, autostart=True)


def read(uow: UnitOfWork) -> ProfileRow | None:
    """The profile, or None where its creation was interrupted."""
    row = uow.sql.execute(_one).one_or_none()
    if row is None:
        return None
    return ProfileRow(identity_from_seed(row.seed), row.name, row.created_at, bool(row.autostart))


def change(uow: UnitOfWork, *, name: str, autostart: bool) -> None:
    """Writes what its owner may change."""
    uow.sql.execute(update(profile), {"name": name, "autostart": int(autostart)})
