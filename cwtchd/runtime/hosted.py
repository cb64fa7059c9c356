"""A running server: its Ledger, its two onions, those who call them, and what it forgets, wired together.

It is owned by no profile and shares nothing with one: no database, no key, no connection. What it says of itself are sums.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from cwtchd import log
from cwtchd.app.effects import Outcome
from cwtchd.app.errors import StorageFailed
from cwtchd.protocol.model import KeyBundle
from cwtchd.runtime.board_guests import BoardGuests
from cwtchd.runtime.ledger import Ledger
from cwtchd.runtime.surroundings import Surroundings
from cwtchd.runtime.token_guests import TokenGuests
from cwtchd.server.keys import ServerKeys
from cwtchd.server.retention import Pruned, prune
from cwtchd.server.settings import ServerSettings
from cwtchd.store.board import Totals, sums
from cwtchd.store.database import UnitOfWork

STREAMS = "MaxStreams=8"
"""Each place in the house is to cost its guest a circuit, or nearly."""
PRUNE_SECONDS = 60
"""How often what is past the bounds goes; with more to go, at once."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HostedSums:
    """What a running server counts: rows, guests, what it did since its start."""

    totals: Totals
    connections: int
    synced: int
    replays: int
    tokens_signed: int


class HostedServer:
    """One server while it runs. `newest` is the id of the newest row of its board."""

    def __init__(
        self, around: Surroundings, keys: ServerKeys, settings: ServerSettings, ledger: Ledger, newest: int
    ) -> None:
        self._around = around
        self._keys = keys
        self._ledger = ledger
        self._settings = settings
        self.bundle: KeyBundle = keys.bundle()
        self.running_since = around.now()
        self._board = BoardGuests(around.clock, around.chance, around.randomness, keys, newest, self._run)
        self._tokens = TokenGuests(around.clock, around.chance, around.randomness, keys.token_key)
        self._pruning: IDelayedCall | None = None
        self._open = True

    @property
    def published_since(self) -> int | None:
        """Since when both onions are published."""
        onions = (self.bundle.server, self.bundle.token_service)
        since = [self._around.tor.published_since(onion) for onion in onions]
        return None if None in since else max(cast("list[int]", since))

    def start(self) -> None:
        """Publishes both onions, and begins to forget what is past the bounds."""
        self._publish()
        self._prune()

    def _publish(self) -> None:
        arguments = f"{STREAMS} {self._settings.onion_arguments}".rstrip()
        self._around.tor.publish(self._keys.board, self._board.listening(), arguments)
        self._around.tor.publish(self._keys.tokens, self._tokens.listening(), arguments)

    def apply(self, settings: ServerSettings) -> None:
        """Goes by other settings from now on."""
        before, self._settings = self._settings, settings
        if before.onion_arguments != settings.onion_arguments:
            self._publish()
        self._prune()

    def sums(self) -> "Deferred[HostedSums]":
        """What it counts. Fails with StorageFailed."""
        told: Deferred[HostedSums] = Deferred()

        def done(totals: Totals | Exception) -> None:
            if isinstance(totals, Exception):
                told.errback(totals)
                return
            board, tokens = self._board, self._tokens
            told.callback(HostedSums(totals, len(board), board.synced, board.replayed, tokens.signed))

        self._run(sums, done)
        return told

    def close(self, closed: Callable[[], None]) -> None:
        """Takes the onions back, ends every connection, closes the Ledger; then calls `closed`."""
        self._open = False
        if self._pruning is not None and self._pruning.active():
            self._pruning.cancel()
        self._around.tor.unpublish(self.bundle.server)
        self._around.tor.unpublish(self.bundle.token_service)
        self._board.close()
        self._tokens.close()
        self._ledger.close(closed)

    def _run(self, unit: Callable[[UnitOfWork], T], done: Callable[[T | Exception], None]) -> None:
        def told(outcome: Outcome[object] | Exception) -> None:
            done(outcome if isinstance(outcome, Exception) else cast("T", outcome.value))

        self._ledger.submit(lambda uow: Outcome(unit(uow)), told)

    def _prune(self) -> None:
        if self._pruning is not None and self._pruning.active():
            self._pruning.cancel()
        settings, needed = self._settings, self._board.needed
        self._run(lambda uow: prune(uow, settings, needed), self._pruned)

    def _pruned(self, pruned: Pruned | Exception) -> None:
        if isinstance(pruned, Exception) and not isinstance(pruned, StorageFailed):
            log.unforeseen("a server's old messages could not be removed", pruned)
        if self._open:
            more = isinstance(pruned, Pruned) and pruned.more
            self._pruning = self._around.clock.callLater(0 if more else PRUNE_SECONDS, self._prune)
