"""What the API asks of an open profile. The runtime implements it; it is handed down, so that no import points up."""

from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import Deferred

from cwtchd.app.effects import Outcome
from cwtchd.protocol.model import Onion
from cwtchd.rpc import schema
from cwtchd.rpc.presence import Presence, SelfDialled, ServerPresences
from cwtchd.store.database import UnitOfWork


class ProfilePort(Protocol):
    """One open profile."""

    @property
    def onion(self) -> Onion:
        """Its id."""

    @property
    def name(self) -> str:
        """What its owner calls it."""

    @property
    def created_at(self) -> int:
        """When it was made, milliseconds since the epoch."""

    @property
    def autostart(self) -> bool:
        """Whether an unattended start opens it."""

    @property
    def presence(self) -> Presence:
        """How its contacts are connected."""

    @property
    def servers(self) -> ServerPresences:
        """How the servers that it uses are connected."""

    def sync_server(self, server: int) -> "Deferred[None]":
        """Fires once a session with the server is synced; fails with ServerUnreachable, NotFound."""

    @property
    def self_dial(self) -> SelfDialled:
        """Whether it was reached from outside."""

    @property
    def paths(self) -> list[schema.ContactPath]:
        """The ways to its contacts as the API shows them: made when one of them changes, since they are asked for often."""

    @property
    def published_since(self) -> int | None:
        """Since when its onion is published."""

    def mark(self, salt: bytes) -> bytes:
        """What this profile alone makes of a salt: a token is bound to it by that, without naming it."""

    def run(
        self,
        unit: Callable[[UnitOfWork], Outcome[object]],
        done: Callable[[Outcome[object] | Exception], None],
    ) -> None:
        """Queues a unit of its Ledger; `done` is called on the loop, after the commit."""

    def follow(self, grew: Callable[[], None]) -> None:
        """Calls `grew` on the loop after each commit that added to the log."""

    def unfollow(self, grew: Callable[[], None]) -> None:
        """Calls it no more."""
