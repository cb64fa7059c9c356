"""A profile itself: made once, woken at each unlock with what it wants, changed by its owner."""

from dataclasses import dataclass, field, replace

from cwtchd.app.effects import Outcome, Reach, ShowProfile
from cwtchd.store import contacts, events, profiles
from cwtchd.store.database import UnitOfWork
from cwtchd.store.events import EventType
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


def rename(uow: UnitOfWork, name: str) -> Outcome[ProfileRow]:
    """Calls it otherwise; only this side ever sees the name."""
    known = _known(uow)
    return _changed(uow, known, replace(known, name=name))


def set_autostart(uow: UnitOfWork, autostart: bool) -> Outcome[ProfileRow]:
    """Says whether an unattended start opens it."""
    known = _known(uow)
    return _changed(uow, known, replace(known, autostart=autostart))


def _known(uow: UnitOfWork) -> ProfileRow:
    known = profiles.read(uow)
    assert known is not None, "an open profile has its row"
    return known


def _changed(uow: UnitOfWork, before: ProfileRow, after: ProfileRow) -> Outcome[ProfileRow]:
    if after == before:
        return Outcome(after)
    profiles.change(uow, name=after.name, autostart=after.autostart)
    events.append(uow, EventType.PROFILE_CHANGED)
    return Outcome(after, (ShowProfile(after.name, after.autostart),))
