"""A profile's beginning: made once, woken at each unlock with what it wants."""

from dataclasses import dataclass, field

from cwtchd.app.effects import Reach
from cwtchd.store import contacts, profiles
from cwtchd.store.database import UnitOfWork
from cwtchd.store.profiles import ProfileRow

SEED_SIZE = 32


@dataclass(frozen=True, slots=True)
class Woken:
    """What an opened profile is and wants: its onion published, its accepted contacts reached."""

    profile: ProfileRow
    wanted: tuple[Reach, ...] = field(default=())


def create(uow: UnitOfWork, name: str) -> Woken:
    """Makes the profile of an empty database, under a new key."""
    return Woken(profiles.create(uow, uow.randomness(SEED_SIZE), name))


def wake(uow: UnitOfWork) -> Woken | None:
    """Reads who this is and what is wanted; None where the profile's creation was interrupted before its commit."""
    profile = profiles.read(uow)
    if profile is None:
        return None
    known = contacts.listed(uow)
    return Woken(
        profile,
        tuple(Reach(row.id, row.address, now=True) for row in known if row.accepted and not row.blocked),
    )
