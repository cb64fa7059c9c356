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
from cwtchd.app.errors import ProfileLocked, Refusal, StorageFailed
from cwtchd.protocol.model import Onion
from cwtchd.rpc import schema
from cwtchd.rpc.ports import DaemonPort
from cwtchd.rpc.presence import Presence
from cwtchd.store.database import UnitOfWork

P = TypeVar("P", bound=schema.Params)


@dataclass(frozen=True, slots=True)
class OnProfile:
    """What a profile's method knows of its profile."""

    own: Onion
    presence: Presence


Begun = list[Callable[[], None]]
"""What a line's calls want done once the line's answer has left."""


class Subscriptions(Protocol):
    """The subscriptions of one connection."""

    def subscribe(
        self, profile: str | None, after: int | None, types: frozenset[str] | None, begun: Begun
    ) -> "Deferred[schema.Subscribed]":
        """Opens a cursor on a profile's log, or on the daemon's live events; its events begin with `begun`."""

    def unsubscribe(self, subscription: int) -> None:
        """Ends one. Raises NotFound."""


@dataclass(frozen=True, slots=True)
class Session:
    """What a loop method knows: the daemon, the connection that it was called on, and what waits for its line's answer."""

    daemon: DaemonPort
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
        self, name: str, *errors: type[Refusal], example: tuple[schema.Params, object]
    ) -> Callable[[ProfileFunction[P]], ProfileFunction[P]]:
        """A method that is one unit of work of the profile that its params name."""

        def add(function: ProfileFunction[P]) -> ProfileFunction[P]:
            params, result = _types(function, 2)
            every = (*errors, ProfileLocked, StorageFailed)
            decoder = msgspec.json.Decoder(params)
            summary = _summary(function)
            self.all.append(
                Method(name, params, result, summary, every, example, decoder, on_profile=function)
            )
            return function

        return add

    def on_loop(
        self, name: str, *errors: type[Refusal], example: tuple[schema.Params, object]
    ) -> Callable[[LoopFunction[P]], LoopFunction[P]]:
        """A method of the daemon: its result, or a Deferred of it."""

        def add(function: LoopFunction[P]) -> LoopFunction[P]:
            params, result = _types(function, 1)
            decoder = msgspec.json.Decoder(params)
            summary = _summary(function)
            self.all.append(Method(name, params, result, summary, errors, example, decoder, on_loop=function))
            return function

        return add


def _types(function: Callable[..., object], position: int) -> tuple[type[Any], Any]:
    hints = get_type_hints(function)
    names = list(inspect.signature(function).parameters)
    result = hints["return"]
    if get_origin(result) in (Outcome, Deferred):
        result = get_args(result)[0]
    return hints[names[position]], result


def _summary(function: Callable[..., object]) -> str:
    return inspect.cleandoc(function.__doc__ or "").split("\n\n")[0].replace("\n", " ")


def table(*collections: Sequence[Method[Any]]) -> dict[str, Method[Any]]:
    """All methods by name."""
    return {method.name: method for methods in collections for method in methods}
