"""profile.*: created, unlocked, locked, shown."""

from typing import Annotated

from msgspec import Meta
from twisted.internet.defer import Deferred

from cwtchd.app.errors import ProfileLocked, Stopping, StorageFailed, WrongPassword
from cwtchd.rpc import present, schema
from cwtchd.rpc.methods.registry import Methods, Session
from cwtchd.rpc.methods.samples import ALICE, PROFILE
from cwtchd.rpc.ports import ProfilePort

methods = Methods()


class Create(schema.Params, frozen=True, kw_only=True):
    """A new profile."""

    name: Annotated[
        str, Meta(min_length=1, max_length=256, description="what you call it; sealed with the rest")
    ]
    password: schema.Password


class Unlock(schema.Params, frozen=True, kw_only=True):
    """A password."""

    password: schema.Password


def _open(session: Session, profile: str) -> ProfilePort:
    port = session.daemon.open_profile(profile)
    if port is None:
        raise ProfileLocked
    return port


@methods.on_loop(
    "profile.create",
    StorageFailed,
    Stopping,
    example=(Create(name="alice", password="a long sentence"), PROFILE),
)
def create(session: Session, params: Create) -> "Deferred[schema.Profile]":
    """Makes a profile with a new address, open and wanted online."""
    return session.daemon.create_profile(params.name, params.password).addCallback(present.profile)


@methods.on_loop(
    "profile.unlock",
    WrongPassword,
    StorageFailed,
    Stopping,
    example=(Unlock(password="a long sentence"), [PROFILE]),
)
def unlock(session: Session, params: Unlock) -> "Deferred[list[schema.Profile]]":
    """Opens every profile that was made with this password; returns them all, open before or not."""
    opened = session.daemon.unlock_profiles(params.password)
    return opened.addCallback(lambda ports: [present.profile(port) for port in ports])


@methods.on_loop("profile.list", example=(schema.NoParams(), [PROFILE]))
def list_(session: Session, params: schema.NoParams) -> list[schema.Profile]:  # noqa: ARG001 - it takes nothing
    """Lists the open profiles; what a locked one is called is sealed."""
    return [present.profile(port) for port in session.daemon.open_profiles()]


@methods.on_loop("profile.get", ProfileLocked, example=(schema.ProfileParams(profile=ALICE), PROFILE))
def get(session: Session, params: schema.ProfileParams) -> schema.Profile:
    """Shows an open profile."""
    return present.profile(_open(session, params.profile))


@methods.on_loop("profile.lock", ProfileLocked, example=(schema.ProfileParams(profile=ALICE), None))
def lock(session: Session, params: schema.ProfileParams) -> "Deferred[None]":
    """Closes a profile: its connections end, its onion goes, its file is closed."""
    return session.daemon.lock_profile(_open(session, params.profile))
