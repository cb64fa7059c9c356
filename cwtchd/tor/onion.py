"""Onions: the services that are wanted, kept published on whatever tor there is.

ADD_ONION only, bound to our control connection: nothing of a profile is in tor's files, and a tor that is not ours
drops our onions when we die. A key is in one command, and nowhere else.
"""

import base64
import secrets
from collections.abc import Callable

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IDelayedCall, IListeningPort, IProtocolFactory
from twisted.python.failure import Failure

from cwtchd.config import PEER_PORT
from cwtchd.protocol.crypto.onion import expanded_key
from cwtchd.protocol.model import Identity, Onion
from cwtchd.tor.addresses import ITorReactor
from cwtchd.tor.control import RunningTor, TorGone, TorRefused
from cwtchd.tor.sockets import SocketFolder

_BACKLOG = 128
_RETRY_MOST_SECONDS = 30
_LOOPBACK_TRIES = 10


class _Wanted:
    """One onion that should be reachable."""

    def __init__(self, identity: Identity, factory: IProtocolFactory, defences: str) -> None:
        self.identity = identity
        self.factory = factory
        self.defences = defences
        self.port: IListeningPort | None = None
        self.target = ""
        self.by_socket = False
        self.published_since: int | None = None
        self.failures = 0
        self.retry: IDelayedCall | None = None


class Onions:
    """All wanted onions of a daemon."""

    def __init__(self, reactor: ITorReactor, now_ms: Callable[[], int]) -> None:
        self._reactor = reactor
        self._now_ms = now_ms
        self._wanted: dict[Onion, _Wanted] = {}
        self._tor: RunningTor | None = None
        self._sockets: SocketFolder | None = None

    def want(self, identity: Identity, factory: IProtocolFactory, defences: str = "") -> None:
        """Wants an onion reachable; a second time, with another factory or other defences."""
        self.drop(identity.onion)
        wanted = self._wanted[identity.onion] = _Wanted(identity, factory, defences)
        self._add(wanted)

    def drop(self, onion: Onion) -> None:
        """Wants it no more."""
        wanted = self._wanted.pop(onion, None)
        if wanted is None:
            return
        self._calm(wanted)
        self._close(wanted)
        if self._tor is not None:
            self._tor.link.ask(f"DEL_ONION {onion}").addErrback(_ignore_absence)

    def published_since(self, onion: Onion) -> int | None:
        """Since when its descriptor is known to be uploaded, ms since the epoch; None while it isn't."""
        wanted = self._wanted.get(onion)
        return None if wanted is None else wanted.published_since

    async def attach(self, tor: RunningTor, sockets: SocketFolder) -> None:
        """Publishes all that is wanted, and what will be, on this tor. Raises TorGone."""
        await tor.link.listen("HS_DESC", self._heard)
        self._tor, self._sockets = tor, sockets
        for wanted in self._wanted.values():
            self._add(wanted)

    def withdraw(self) -> "Deferred[None]":
        """Takes all onions back from the tor; fires once it has answered. They stay wanted."""
        tor, self._tor = self._tor, None
        answers = [] if tor is None else [tor.link.ask(f"DEL_ONION {onion}") for onion in self._wanted]
        for wanted in self._wanted.values():
            self._calm(wanted)
            wanted.published_since = None
            wanted.failures = 0
        return DeferredList(answers, consumeErrors=True).addCallback(lambda _: None)

    def close(self) -> "Deferred[None]":
        """Closes all listeners and wants nothing more."""
        closing = [self._close(wanted) for wanted in self._wanted.values()]
        self._wanted.clear()
        return DeferredList(closing).addCallback(lambda _: None)

    # --- one onion -----------------------------------------------------------------------------------------------

    def _add(self, wanted: _Wanted) -> None:
        tor = self._tor
        if tor is None:
            return
        try:
            self._listen(wanted, tor)
        except (CannotListenError, OSError):
            self._later(wanted)
            return
        key = base64.b64encode(expanded_key(wanted.identity.seed)).decode()
        defences = f" {wanted.defences}" if wanted.defences else ""
        added = tor.link.ask(
            f"ADD_ONION ED25519-V3:{key} Flags=DiscardPK{defences} Port={PEER_PORT},{wanted.target}"
        )
        added.addErrback(self._refused, wanted, tor)

    def _refused(self, failure: Failure, wanted: _Wanted, tor: RunningTor) -> None:
        if isinstance(failure.value, TorGone):
            return
        if not isinstance(failure.value, TorRefused):
            failure.raiseException()
        # Most likely a collision: the tor still holds the onion for a connection of ours that it believes alive.
        if self._tor is tor and self._wanted.get(wanted.identity.onion) is wanted:
            self._later(wanted)

    def _later(self, wanted: _Wanted) -> None:
        seconds = min(_RETRY_MOST_SECONDS, 2**wanted.failures)
        wanted.failures += 1
        wanted.retry = self._reactor.callLater(seconds, self._add, wanted)

    def _listen(self, wanted: _Wanted, tor: RunningTor) -> None:
        if wanted.port is not None:
            if wanted.by_socket == tor.reaches_sockets:
                return
            self._close(wanted)
        wanted.by_socket = tor.reaches_sockets
        if tor.reaches_sockets:
            assert self._sockets is not None
            path = self._sockets.new()
            # Twisted's hints ask for a Factory class; any IProtocolFactory does.
            wanted.port = self._reactor.listenUNIX(str(path), wanted.factory, _BACKLOG, 0o600)  # type: ignore[arg-type]
            wanted.target = f"unix:{path}"
        else:
            wanted.port, wanted.target = self._listen_on_loopback(wanted.factory)

    def _listen_on_loopback(self, factory: IProtocolFactory) -> tuple[IListeningPort, str]:
        for tries_left in reversed(range(_LOOPBACK_TRIES)):
            # A random address: what listens on all of 127.0.0.1's ports is soon found by other users.
            host = f"127.{1 + secrets.randbelow(254)}.{secrets.randbelow(256)}.{1 + secrets.randbelow(254)}"
            try:
                port = self._reactor.listenTCP(0, factory, _BACKLOG, host)  # type: ignore[arg-type]
            except CannotListenError:
                if not tries_left:
                    raise
            else:
                bound = port.getHost()
                assert isinstance(bound, IPv4Address)
                return port, f"{host}:{bound.port}"
        raise AssertionError

    def _heard(self, event: str) -> None:
        """control-spec HS_DESC: action, address, …."""
        words = event.split()
        if words[:1] != ["UPLOADED"] or len(words) < 2:  # noqa: PLR2004 - an action and an address
            return
        wanted = self._wanted.get(Onion(words[1]))
        if wanted is not None and self._tor is not None:
            wanted.published_since = wanted.published_since or self._now_ms()
            wanted.failures = 0

    def _calm(self, wanted: _Wanted) -> None:
        if wanted.retry is not None and wanted.retry.active():
            wanted.retry.cancel()
        wanted.retry = None

    def _close(self, wanted: _Wanted) -> "Deferred[object]":
        port, wanted.port = wanted.port, None
        return maybeDeferred(port.stopListening if port is not None else lambda: None)


def _ignore_absence(failure: Failure) -> None:
    if not isinstance(failure.value, TorGone | TorRefused):
        failure.raiseException()
