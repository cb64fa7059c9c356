"""profile.*: created, unlocked, locked, shown, changed."""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from cwtchd.app import profile as profiles
from cwtchd.app.effects import Outcome
from cwtchd.app.errors import LimitExceeded, OnlyServes, ProfileLocked, Stopping, StorageFailed, WrongPassword
from cwtchd.rpc import present, schema
from cwtchd.rpc.methods.registry import Methods, OnProfile, Session, shown
from cwtchd.rpc.methods.samples import ALICE, PROFILE
from cwtchd.rpc.profile_port import ProfilePort
from cwtchd.store.api_tokens import Scope
from cwtchd.store.database import UnitOfWork

methods = Methods()


ProfileName = Annotated[
    str, Meta(min_length=1, max_length=256, description="what you call it; sealed with the rest")
]


class Create(schema.Params, frozen=True, kw_only=True):
    """A new profile."""

    name: ProfileName
    password: schema.Password


class Unlock(schema.Params, frozen=True, kw_only=True):
    """A password."""

    password: schema.Password


class Set(schema.ProfileParams, frozen=True, kw_only=True):
    """What is to be another, and what it is to be."""

    key: Literal["name", "autostart"]
    value: Annotated[
        ProfileName | bool,
        Meta(description="`name`: what you call it; `autostart`: whether a start without a person opens it"),
    ]

    def __post_init__(self) -> None:
        """Each key has a type of its own."""
        if isinstance(self.value, bool) is not (self.key == "autostart"):
            raise ValueError


def _open(session: Session, profile: str) -> ProfilePort:
    port = session.daemon.open_profile(profile)
    if port is None:
        raise ProfileLocked
    return port


@methods.on_loop(
    "profile.create",
    Scope.ADMIN,
    OnlyServes,
    StorageFailed,
    Stopping,
    example=(Create(name="alice", password="a long sentence"), PROFILE),
)
def create(session: Session, params: Create) -> "Deferred[schema.Profile]":
    """Makes a profile with a new address, open and wanted online."""
    return session.daemon.create_profile(params.name, params.password).addCallback(present.profile)


@methods.on_loop(
    "profile.unlock",
    Scope.ADMIN,
    OnlyServes,
    WrongPassword,
    LimitExceeded,
    StorageFailed,
    Stopping,
    example=(Unlock(password="a long sentence"), [PROFILE]),
)
def unlock(session: Session, params: Unlock) -> "Deferred[list[schema.Profile]]":
    """Opens every profile that was made with this password; returns them all, open before or not.

    After a failed attempt the next one waits, at most 5 s, and a connection has one that waits.
    """
    caller, daemon = session.caller, session.daemon
    if caller.attempting and daemon.unlock_slowed:
        raise LimitExceeded(limit=1, size=2)
    caller.attempting = True

    def opened(ports: Sequence[ProfilePort]) -> list[schema.Profile]:
        caller.attempting = False
        return [present.profile(port) for port in ports]

    def refused(failure: Failure) -> Failure:
        caller.attempting = False
        return failure

    return daemon.unlock_profiles(params.password).addCallbacks(opened, refused)


@methods.on_loop("profile.list", Scope.READ, narrows=True, example=(schema.NoParams(), [PROFILE]))
def list_(session: Session, params: schema.NoParams) -> list[schema.Profile]:  # noqa: ARG001 - it takes nothing
    """Lists the open profiles; what a locked one is called is sealed."""
    return [present.profile(port) for port in shown(session)]


@methods.on_loop(
    "profile.get",
    Scope.READ,
    ProfileLocked,
    narrows=True,
    example=(schema.ProfileParams(profile=ALICE), PROFILE),
)
def get(session: Session, params: schema.ProfileParams) -> schema.Profile:
    """Shows an open profile."""
    return present.profile(_open(session, params.profile))


@methods.on_profile(
    "profile.set", Scope.ADMIN, example=(Set(profile=ALICE, key="autostart", value=True), PROFILE)
)
def set_(on: OnProfile, uow: UnitOfWork, params: Set) -> Outcome[schema.Profile]:
    """Renames a profile, or says whether the daemon opens it at a start without a person."""
    if isinstance(params.value, bool):
        changed = profiles.set_autostart(uow, params.value)
    else:
        changed = profiles.rename(uow, params.value)
    return Outcome(present.stored_profile(changed.value, on.published_since), changed.effects)


@methods.on_loop(
    "profile.lock", Scope.ADMIN, ProfileLocked, example=(schema.ProfileParams(profile=ALICE), None)
)
def lock(session: Session, params: schema.ProfileParams) -> "Deferred[None]":
    """Closes a profile: its connections end, its onion goes, its file is closed."""
    return session.daemon.lock_profile(_open(session, params.profile))
