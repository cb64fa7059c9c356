"""What the API asks of the running daemon. The runtime implements it; it is handed down, so that no import points up."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from twisted.internet.defer import Deferred

from cwtchd.rpc.access import Binding, Grant
from cwtchd.rpc.hosting_schema import Hosted, HostedStats
from cwtchd.rpc.profile_port import ProfilePort
from cwtchd.server.settings import ServerSettings
from cwtchd.store.api_tokens import ApiTokenRow, Scope
from cwtchd.tor.interface import TorStatus


class ApiTokensPort(Protocol):
    """The API tokens. Everything fails with StorageFailed where the daemon's own database can't be used."""

    def grant(self, text: str) -> "Deferred[Grant]":
        """What the token that a caller shows grants; fails with Unauthorized."""

    def listed(self) -> "Deferred[Sequence[Grant]]":
        """Every token, oldest first."""

    def create(self, label: str, scope: Scope, binding: Binding) -> "Deferred[tuple[ApiTokenRow, str]]":
        """A new one, and the text that its holder shows; fails with LimitExceeded."""

    def revoke(self, token: int) -> "Deferred[None]":
        """Ends one, with the connections that hold to it; fails with NotFound."""


class HostingPort(Protocol):
    """The servers that this daemon runs. Everything fails with StorageFailed where the disk refuses."""

    def create(self, settings: ServerSettings, password: str | None) -> "Deferred[Hosted]":
        """A new one, started where it is to start by itself; fails with LimitExceeded, Stopping."""

    def listed(self) -> "Deferred[list[Hosted]]":
        """All of them, oldest first."""

    def get(self, server: str) -> "Deferred[Hosted]":
        """One; fails with NotFound, as all below do."""

    def change(self, server: str, changes: Mapping[str, object]) -> "Deferred[Hosted]":
        """Other settings, by the fields of ServerSettings; fails with Stopping."""

    def start(self, server: str, password: str | None) -> "Deferred[Hosted]":
        """Runs it; fails with WrongPassword, Stopping."""

    def stop(self, server: str) -> "Deferred[Hosted]":
        """Runs it no more."""

    def stats(self, server: str) -> "Deferred[HostedStats]":
        """Its sums."""

    def metrics(self) -> "Deferred[bytes]":
        """The sums of those that run, for Prometheus."""

    def delete(self, server: str, password: str | None) -> "Deferred[None]":
        """Removes it for good; fails with WrongPassword, Stopping."""


class DaemonPort(Protocol):
    """The daemon as a whole."""

    @property
    def version(self) -> str:
        """Cwtchd's own."""

    @property
    def uptime(self) -> int:
        """Milliseconds since the start."""

    @property
    def now(self) -> int:
        """The clock, milliseconds since the epoch."""

    @property
    def tor_status(self) -> TorStatus:
        """How Tor stands."""

    @property
    def api_tokens(self) -> ApiTokensPort:
        """Who else may call."""

    @property
    def hosting(self) -> HostingPort:
        """The servers that it runs."""

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

    @property
    def unlock_slowed(self) -> bool:
        """Whether the next attempt at a password has to wait for a failed one."""

    def vault_idle(self) -> "Deferred[None]":
        """Fires when every create, unlock and lock that was asked by now is done."""

    def lock_profile(self, profile: ProfilePort) -> "Deferred[None]":
        """Closes one: hung up, unpublished, its file closed."""
