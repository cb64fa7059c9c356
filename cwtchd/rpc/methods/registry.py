"""A method, as the dispatcher and the OpenRPC document know it: where it runs, what it takes, gives and refuses.

A profile's method is a function of (its profile, its unit of work, its params), run as one unit on that profile's Ledger.
A loop method is a function of (its session, its params), run on the loop; it may answer later.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from twisted.internet.defer import Deferred

from cwtchd.app.effects import Outcome
from cwtchd.app.errors import LimitExceeded, ProfileLocked, Refusal, StorageFailed, Unauthorized
from cwtchd.protocol.model import Onion
from cwtchd.rpc import schema
from cwtchd.rpc.access import Caller, Need
from cwtchd.rpc.ports import DaemonPort
from cwtchd.rpc.presence import Presence, ServerPresences
from cwtchd.rpc.profile_port import ProfilePort
from cwtchd.store.api_tokens import Scope
from cwtchd.store.database import UnitOfWork

P = TypeVar("P", bound=schema.Params)


@dataclass(frozen=True, slots=True)
class OnProfile:
    """What a profile's method knows of its profile. `only`: the conversations that the caller may see, None for all."""

    own: Onion
    presence: Presence
    servers: ServerPresences
    published_since: int | None
    only: frozenset[int] | None


Begun = list[Callable[[], None]]
"""What a line's calls want done once the line's answer has left."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a subscription is to tell; each None: no profile's, only what is new, all types."""

    profile: str | None
    after: int | None
    types: frozenset[str] | None


class Subscriptions(Protocol):
    """The subscriptions of one connection."""

    def subscribe(self, caller: Caller, wanted: Wanted, begun: Begun) -> "Deferred[schema.Subscribed]":
        """Opens a cursor on a profile's log, or on the daemon's live events; its events begin with `begun`."""

    def unsubscribe(self, subscription: int) -> None:
        """Ends one. Raises NotFound."""

    def end_all(self) -> None:
        """Ends those that there are."""


@dataclass(frozen=True, slots=True)
class Session:
    """What a loop method knows: the daemon, the connection that it was called on, and what waits for its line's answer."""

    daemon: DaemonPort
    caller: Caller
    subscriptions: Subscriptions
    begun: Begun


@dataclass(frozen=True, slots=True)
class Method(Generic[P]):
    """One method of the API."""

    name: str
    params: type[P]
    result: Any  # a type expression for msgspec's schema
    summary: str
    errors: tuple[type[Refusal], ...]
    example: tuple[schema.Params, object]
    need: Need
    long: bool
    """its answer may fill a line"""
    decoder: "msgspec.json.Decoder[P]"
    on_profile: Callable[[OnProfile, UnitOfWork, P], Outcome[Any]] | None = None
    on_loop: Callable[[Session, P], object] | None = None


ProfileFunction = Callable[[OnProfile, UnitOfWork, P], Outcome[Any]]
LoopFunction = Callable[[Session, P], object]


class Methods:
    """The methods of one noun, collected by their decorators."""

    def __init__(self) -> None:
        self.all: list[Method[Any]] = []

    def on_profile(
        self,
        name: str,
        needs: Scope,
        *errors: type[Refusal],
        example: tuple[schema.Params, object],
        narrows: bool = False,
    ) -> Callable[[ProfileFunction[P]], ProfileFunction[P]]:
        """A method that is one unit of work of the profile that its params name."""

        def add(function: ProfileFunction[P]) -> ProfileFunction[P]:
            every = (*errors, ProfileLocked, StorageFailed)
            self.all.append(_method(name, needs, every, example, narrows, function, on_profile=function))
            return function

        return add

    def on_loop(
        self,
        name: str,
        needs: Scope | None,
        *errors: type[Refusal],
        example: tuple[schema.Params, object],
        narrows: bool = False,
    ) -> Callable[[LoopFunction[P]], LoopFunction[P]]:
        """A method of the daemon: its result, or a Deferred of it."""

        def add(function: LoopFunction[P]) -> LoopFunction[P]:
            self.all.append(_method(name, needs, errors, example, narrows, function, on_loop=function))
            return function

        return add


def _method(
    name: str,
    needs: Scope | None,
    errors: tuple[type[Refusal], ...],
    example: tuple[schema.Params, object],
    narrows: bool,
    function: Callable[..., Any],
    **runs: Callable[..., Any],
) -> Method[Any]:
    params, result = _types(function)
    every = errors if needs is None else (*errors, Unauthorized, LimitExceeded)
    return Method(
        name,
        params,
        result,
        _summary(function),
        tuple(dict.fromkeys(every)),
        example,
        Need(needs, narrows, params),
        get_origin(result) is list or result in (schema.EventPage, schema.MessagePage),
        msgspec.json.Decoder(params),
        **runs,
    )


def _types(function: Callable[..., object]) -> tuple[type[Any], Any]:
    hints = get_type_hints(function)
    params = list(inspect.signature(function).parameters)[-1]  # the last one of either kind
    result = hints["return"]
    if get_origin(result) in (Outcome, Deferred):
        result = get_args(result)[0]
    return hints[params], result


def _summary(function: Callable[..., object]) -> str:
    return inspect.cleandoc(function.__doc__ or "").split("\n\n")[0].replace("\n", " ")


def table(*collections: Sequence[Method[Any]]) -> dict[str, Method[Any]]:
    """All methods by name."""
    return {method.name: method for methods in collections for method in methods}


def shown(session: Session) -> list[ProfilePort]:
    """The open profiles that the caller may see, oldest first."""
    grant = session.caller.grant
    return [port for port in session.daemon.open_profiles() if grant is not None and grant.shows(port)]
