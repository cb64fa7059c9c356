"""What the API asks of the running daemon. The runtime implements it; it is handed down, so that no import points up."""

from collections.abc import Callable, Sequence
from typing import Protocol

from twisted.internet.defer import Deferred

from cwtchd.app.effects import Outcome
from cwtchd.protocol.model import Onion
from cwtchd.rpc.presence import Presence
from cwtchd.store.database import UnitOfWork
from cwtchd.tor.interface import TorStatus


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
    def presence(self) -> Presence:
        """How its contacts are connected."""

    @property
    def published_since(self) -> int | None:
        """When its onion was last known to be published."""

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


class DaemonPort(Protocol):
    """The daemon as a whole."""

    @property
    def version(self) -> str:
        """Cwtchd's own."""

    @property
    def uptime(self) -> int:
        """Milliseconds since the start."""

    @property
    def tor_status(self) -> TorStatus:
        """How Tor stands."""

    def reset_tor(self) -> "Deferred[None]":
        """New circuits for what is dialled from now on; fails with TorUnavailable."""

    def shut_down(self) -> None:
        """Begins to stop, once what was answered by now has left."""

    def open_profile(self, profile: str) -> ProfilePort | None:
        """The open profile of this id."""

    def open_profiles(self) -> Sequence[ProfilePort]:
        """Those that are open."""

    def create_profile(self, name: str, password: str) -> "Deferred[ProfilePort]":
        """A new one, open and wanted online; fails with StorageFailed."""

    def unlock_profiles(self, password: str) -> "Deferred[Sequence[ProfilePort]]":
        """All that the password opens; fails with WrongPassword, StorageFailed."""

    def vault_idle(self) -> "Deferred[None]":
        """Fires when every create, unlock and lock that was asked by now is done."""

    def lock_profile(self, profile: ProfilePort) -> "Deferred[None]":
        """Closes one: hung up, unpublished, its file closed."""
