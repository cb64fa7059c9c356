"""TorService: one tor at a time, started or attached to, watched, and had again when it is gone.

What is wanted (onions) outlives any tor; how things stand is a machine of its own (status.py). Nothing here is logged.
"""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.interfaces import IProtocol, IProtocolFactory
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from cwtchd.config import Config
from cwtchd.protocol.model import Identity, Onion
from cwtchd.tor import foreign_tor, own_tor
from cwtchd.tor.addresses import ITorReactor
from cwtchd.tor.calls import Calls
from cwtchd.tor.control import RunningTor, TorGone, TorRefused, TorUnready
from cwtchd.tor.interface import DialFailed, TorState, TorStatus
from cwtchd.tor.onion import Onions
from cwtchd.tor.sockets import SocketFolder
from cwtchd.tor.status import BOOTSTRAPPED, Told, new_standing

BACKOFF_MOST_SECONDS = 30
ANSWER_SECONDS = 3
"""How long a tor that is being left may take to answer."""

T = TypeVar("T")

Starter = Callable[[SocketFolder, Callable[[str], None]], Awaitable[RunningTor]]
"""Has a tor: by starting one, or attaching to one. Raises TorUnready."""


class TorService:
    """The daemon's Tor (interface.Tor)."""

    def __init__(
        self, reactor: ITorReactor, config: Config, now_ms: Callable[[], int], starter: Starter | None = None
    ) -> None:
        """`starter` replaces what `config` says (tests)."""
        self._reactor = reactor
        self._now_ms = now_ms
        self._starter = starter or _starter_of(reactor, config)
        self._owned = config.tor.attach is None
        self._standing = new_standing()
        self._listeners: list[Callable[[TorStatus], None]] = []
        self._onions = Onions(reactor, now_ms)
        self._calls = Calls(reactor)
        self._sockets: SocketFolder | None = None
        self._tor: RunningTor | None = None
        self._latest: RunningTor | None = None
        self._running: Deferred[None] | None = None
        self._failures = 0
        self._status = TorStatus(TorState.STARTING, 0, self._beginning, now_ms())

    # --- what is asked of it ----------------------------------------------------------------------------------------

    @property
    def status(self) -> TorStatus:
        """How it stands now."""
        return self._status

    def watch(self, listener: Callable[[TorStatus], None]) -> None:
        """Calls `listener` with every later status."""
        self._listeners.append(listener)

    def publish(self, identity: Identity, factory: IProtocolFactory, defences: str = "") -> None:
        """Wants the identity's onion reachable until `unpublish`."""
        self._onions.want(identity, factory, defences)

    def unpublish(self, onion: Onion) -> None:
        """Wants it no more."""
        self._onions.drop(onion)

    def published_since(self, onion: Onion) -> int | None:
        """Since when the onion's descriptor is uploaded."""
        return self._onions.published_since(onion)

    def dial(self, onion: Onion, isolation: str, factory: IProtocolFactory) -> "Deferred[IProtocol]":
        """Connects to an onion. Fails with DialFailed, at once where there is no tor that could."""
        if self._tor is None or self._status.state not in {TorState.READY, TorState.OFFLINE}:
            return fail(DialFailed("tor_unavailable", "Tor is not ready yet."))
        return self._calls.call(self._tor, onion, isolation, factory).addCallback(self._proved)

    def new_circuits(self) -> "Deferred[None]":
        """Fresh circuits for everything dialled from now on. Fails with DialFailed where tor isn't there."""
        if self._tor is None:
            return fail(DialFailed("tor_unavailable", "Tor is not running."))

        def refused(failure: Failure) -> None:
            if not isinstance(failure.value, TorGone | TorRefused):
                failure.raiseException()
            raise DialFailed("tor_unavailable", "Tor did not give new circuits.") from None

        return self._tor.link.ask("SIGNAL NEWNYM").addCallback(lambda _: None).addErrback(refused)

    def start(self) -> None:
        """Begins; returns at once."""
        if self._running is None:
            self._running = Deferred.fromCoroutine(self._run())

    async def _stop(self) -> None:
        self._calls.give_up("tor_unavailable", "The daemon is stopping.")
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            with suppress(CancelledError):
                await running
        if self._latest is not None:
            # A stop that comes while a tor is being ended cuts that short.
            await self._latest.end()
        await self._onions.close()
        if self._sockets is not None:
            self._sockets.remove()
            self._sockets = None

    def stop(self) -> "Deferred[None]":
        """Ends what it started, and nothing else."""
        return Deferred.fromCoroutine(self._stop())

    # --- one tor after the other -----------------------------------------------------------------------------------

    @property
    def _beginning(self) -> str:
        return "Tor is being started." if self._owned else "The daemon is attaching to a running tor."

    async def _run(self) -> None:
        while True:
            self._tell(self._standing.ended(await self._one()))
            seconds = min(BACKOFF_MOST_SECONDS, 2**self._failures)
            self._failures += 1
            await deferLater(self._reactor, seconds)
            self._tell(self._standing.began(self._beginning))

    async def _one(self) -> str:
        """Has a tor until it is gone; returns the sentence that says so."""
        try:
            sockets = self._sockets = self._sockets or SocketFolder()
            tor = await self._starter(sockets, lambda sentence: self._tell(self._standing.began(sentence)))
        except TorUnready as error:
            return str(error)
        except OSError as error:
            return f"No folder could be made for Tor's sockets: {error.strerror}."
        self._tor = self._latest = tor
        try:
            self._tell(self._standing.reached())
            await self._attend(tor, sockets)
            await tor.link.when_gone()
        except (TorGone, TorRefused):
            pass
        finally:
            self._tor = None
            self._calls.give_up("tor_unavailable", "Tor ended before the contact was reached.")
            try:
                with suppress(DeferredTimeout):
                    await self._onions.withdraw().addTimeout(ANSWER_SECONDS, self._reactor)
            finally:
                await tor.end()
        if self._owned:
            return "Tor has ended; another is started soon."
        return "The tor that this daemon is attached to went away; it is tried again soon."

    async def _attend(self, tor: RunningTor, sockets: SocketFolder) -> None:
        await tor.link.listen("STATUS_CLIENT", lambda event: self._hear(tor, self._client, event))
        await tor.link.listen("NETWORK_LIVENESS", lambda event: self._hear(tor, self._liveness, event))
        await tor.link.listen("HS_DESC", lambda event: self._hear(tor, self._calls.heard, event))
        await self._onions.attach(tor, sockets)
        self._client(await tor.link.ask("GETINFO status/bootstrap-phase"))

    def _hear(self, tor: RunningTor, hear: Callable[[str], None], event: str) -> None:
        if self._tor is tor:
            hear(event)

    def _client(self, event: str) -> None:
        """control-spec STATUS_CLIENT, and the same words in `status/bootstrap-phase`."""
        progress = re.search(r"BOOTSTRAP .*PROGRESS=([0-9]{1,3})", event)
        if progress is not None and int(progress[1]) < BOOTSTRAPPED:
            self._tell(self._standing.advanced(int(progress[1])))
        elif progress is not None or "CIRCUIT_ESTABLISHED" in event:
            self._establish()
        elif "CIRCUIT_NOT_ESTABLISHED" in event:
            self._tell(self._standing.advanced(self._status.progress))

    def _establish(self) -> None:
        self._failures = 0
        self._tell(self._standing.established())
        self._proved(None)

    def _proved(self, by: T) -> T:
        """Something went through this tor just now."""
        self._status = replace(self._status, last_proof_at=self._now_ms())
        return by

    def _liveness(self, event: str) -> None:
        """control-spec NETWORK_LIVENESS."""
        if event.strip() == "DOWN":
            self._tell(self._standing.network_lost())
            return
        told = self._standing.network_found()
        self._tell(self._standing.established() if told.progress == BOOTSTRAPPED else told)

    def _tell(self, told: Told) -> None:
        before = self._status
        since = before.since if before.state is told.state else self._now_ms()
        version = self._tor.link.version if self._tor else None
        warning = self._tor.warning if self._tor else None
        self._status = TorStatus(
            told.state, told.progress, told.summary, since, version, warning, before.last_proof_at
        )
        if self._status != before:
            for listener in tuple(self._listeners):
                listener(self._status)


def _starter_of(reactor: ITorReactor, config: Config) -> Starter:
    where = config.tor.attach
    if where is None:
        return lambda sockets, say: own_tor.launch(reactor, config, sockets, say)
    return lambda _sockets, _say: foreign_tor.attach(reactor, where, config.tor.password)
