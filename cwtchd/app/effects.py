"""What a decision wants done once its transaction is durable: frozen, imperative, no address in any `repr`.

Each can be made again from a row: Reach from the outbox and from who is accepted, Acknowledge from the peer's resend.
"""

from dataclasses import dataclass, field
from typing import Generic, NewType, TypeVar

from cwtchd.app.errors import Refusal
from cwtchd.protocol.model import Onion

Link = NewType("Link", int)
"""The runtime's number of one connection with a peer. A decision hands it back; it never looks behind it."""


@dataclass(frozen=True, slots=True)
class Admit:
    """The peer on this connection may talk; a stranger's connection is counted and watched."""

    link: Link
    conversation: int
    stranger: bool


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """The message of this wire id is stored: tell its sender, on the connection that it came on."""

    link: Link
    wire_id: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Hangup:
    """Ends this connection."""

    link: Link


@dataclass(frozen=True, slots=True)
class Reach:
    """The contact is wanted: there may be something to send. `now` asks for a dial without waiting."""

    conversation: int
    onion: Onion = field(repr=False)
    now: bool = False


@dataclass(frozen=True, slots=True)
class PartWith:
    """The contact is wanted no more: its connections end, nothing is sent or dialled."""

    conversation: int
    onion: Onion = field(repr=False)


@dataclass(frozen=True, slots=True)
class ShowProfile:
    """The profile is another from now on: clients see it so."""

    name: str = field(repr=False)
    autostart: bool


@dataclass(frozen=True, slots=True)
class LookAtServers:
    """What is wanted of the servers that the profile uses has changed: begin what is due, end what is wanted no more."""


Effect = Admit | Acknowledge | Hangup | Reach | PartWith | ShowProfile | LookAtServers

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T_co]):
    """What a unit of work came to: its answer, and what is to be done after the commit.

    `last` says that nothing more of the same source may run: what is queued behind it would overtake what this unit turned away.
    `refusal` is what the caller is told instead of the value, where what the unit wrote is to be kept all the same.
    """

    value: T_co
    effects: tuple[Effect, ...] = ()
    last: bool = False
    refusal: Refusal | None = None
