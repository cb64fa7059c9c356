"""event.*: the log, read or followed."""

from typing import Annotated

from msgspec import Meta
from twisted.internet.defer import Deferred

from cwtchd.app.effects import Outcome
from cwtchd.app.errors import CursorExpired, NotFound, NotSupported, ProfileLocked, StorageFailed
from cwtchd.rpc import follow, schema
from cwtchd.rpc.methods.registry import Methods, OnProfile, Session, Wanted
from cwtchd.rpc.methods.samples import ALICE, EVENT
from cwtchd.store import events
from cwtchd.store.api_tokens import Scope
from cwtchd.store.database import UnitOfWork

methods = Methods()


class Subscribe(schema.Params, frozen=True, kw_only=True):
    """What to follow, and from where."""

    profile: Annotated[schema.ProfileId | None, Meta(description="null: the daemon's own live events")] = None
    after: Annotated[
        schema.Cursor | None, Meta(description="the last seq that was handled; null: only what is new")
    ] = None
    types: Annotated[
        Annotated[list[schema.EventWord], Meta(max_length=64)] | None,
        Meta(description="only events of these types"),
    ] = None


class Unsubscribe(schema.Params, frozen=True, kw_only=True):
    """A subscription of this connection."""

    subscription: int


class Page(schema.ProfileParams, frozen=True, kw_only=True):
    """A page of the log."""

    after: schema.Cursor
    limit: schema.PageLimit = 256


@methods.on_loop(
    "event.subscribe",
    Scope.READ,
    ProfileLocked,
    CursorExpired,
    NotSupported,
    StorageFailed,
    narrows=True,
    example=(Subscribe(profile=ALICE, after=11), schema.Subscribed(subscription=1, head=12)),
)
def subscribe(session: Session, params: Subscribe) -> "Deferred[schema.Subscribed]":
    """Follows a profile's log from a cursor on, with its live events; without a profile, the daemon's live events."""
    types = None if params.types is None else frozenset(map(str, params.types))
    wanted = Wanted(params.profile, params.after, types)
    return session.subscriptions.subscribe(session.caller, wanted, session.begun)


@methods.on_loop(
    "event.unsubscribe",
    Scope.READ,
    NotFound,
    NotSupported,
    narrows=True,
    example=(Unsubscribe(subscription=1), None),
)
def unsubscribe(session: Session, params: Unsubscribe) -> None:
    """Ends a subscription of this connection."""
    session.subscriptions.unsubscribe(params.subscription)


@methods.on_profile(
    "event.list",
    Scope.READ,
    CursorExpired,
    narrows=True,
    example=(Page(profile=ALICE, after=11), schema.EventPage(events=[EVENT], head=12)),
)
def list_(on: OnProfile, uow: UnitOfWork, params: Page) -> Outcome[schema.EventPage]:
    """Shows a page of the log behind a cursor."""
    built = follow.page(
        uow, on.own, on.presence, on.servers, on.published_since, params.after, params.limit, on.only
    )
    return Outcome(schema.EventPage(events=[each.event for each in built.events], head=events.head(uow)))
