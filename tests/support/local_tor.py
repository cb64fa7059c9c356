"""LocalTor: onions as UNIX sockets in a folder. Real processes and real sockets, without the seconds that real Tor takes.

It keeps the promise of `tor.interface`: whoever wants to see what only Tor does uses tests/real_tor instead.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.internet.interfaces import IListeningPort, IProtocol, IProtocolFactory
from twisted.python.failure import Failure

from cwtchd.protocol.model import Identity, Onion
from cwtchd.tor.interface import DialFailed, TorState, TorStatus


class LocalTor:
    """A Tor whose network is a folder."""

    def __init__(self, reactor: Any, folder: Path) -> None:
        self._reactor = reactor
        self._folder = folder
        self._ports: dict[Onion, IListeningPort] = {}
        self._listeners: list[Callable[[TorStatus], None]] = []
        self.status = TorStatus(TorState.STARTING, 0, "The folder is not looked at yet.", 0)

    def watch(self, listener: Callable[[TorStatus], None]) -> None:
        self._listeners.append(listener)

    def start(self) -> None:
        self._reactor.callLater(0, self._become, TorState.READY)

    def _become(self, state: TorState) -> None:
        self.status = TorStatus(state, 100, "The folder is there.", int(time.time() * 1000))
        for listener in self._listeners:
            listener(self.status)

    def publish(self, identity: Identity, factory: IProtocolFactory, defences: str = "") -> None:
        path = self._place(identity.onion)
        path.unlink(missing_ok=True)
        self._ports[identity.onion] = self._reactor.listenUNIX(str(path), factory)

    def _place(self, onion: Onion) -> Path:
        """Where an onion listens: AF_UNIX has no room for all 56 characters below a test's folder."""
        return self._folder / onion[:16]

    def unpublish(self, onion: Onion) -> None:
        port = self._ports.pop(onion, None)
        if port is not None:
            port.stopListening()

    def published_since(self, onion: Onion) -> int | None:
        return self.status.since if onion in self._ports else None

    def dial(self, onion: Onion, isolation: str, factory: IProtocolFactory) -> "Deferred[IProtocol]":
        def failed(failure: Failure) -> Failure:
            return Failure(DialFailed("onion_unreachable", "Nobody is there."))  # type: ignore[no-untyped-call]

        endpoint = UNIXClientEndpoint(self._reactor, str(self._place(onion)))  # type: ignore[no-untyped-call]
        dial: Deferred[IProtocol] = endpoint.connect(factory)  # type: ignore[no-untyped-call]
        return dial.addErrback(failed)

    def new_circuits(self) -> "Deferred[None]":
        return succeed(None)

    def stop(self) -> "Deferred[None]":
        for onion in list(self._ports):
            self.unpublish(onion)
        return succeed(None)
