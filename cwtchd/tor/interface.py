"""What the rest of cwtchd asks of Tor, and no more: publish an onion, dial one, tell how it stands.

`TorService` (service.py) does it with a real tor; tests use `MemoryTor` (tests/support), which keeps the same promise.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, IProtocolFactory

from cwtchd.protocol.model import Identity, Onion


class TorState(StrEnum):
    """How Tor stands, in full words."""

    STARTING = "starting"
    """tor is being started, or attached to"""
    CONNECTING = "connecting"
    """tor runs and bootstraps; `progress` says how far"""
    READY = "ready"
    """circuits can be built: onions are published, contacts are dialled"""
    OFFLINE = "offline"
    """tor runs, but says that the network is gone"""
    LOST = "lost"
    """tor ended, or can't be started; another start follows"""


@dataclass(frozen=True, slots=True)
class TorStatus:
    """A moment's standing. Replaced whole on every change."""

    state: TorState
    progress: int
    """bootstrap, 0 to 100"""
    summary: str
    """one sentence for a person"""
    since: int
    """when this state began, in milliseconds since the epoch"""
    version: str | None = None
    warning: str | None = None
    """what the user should know about this tor, such as a listener on loopback TCP"""
    last_proof_at: int | None = field(default=None, compare=False)
    """when something last went through it: an onion was reached, a circuit was built"""


class DialFailed(Exception):
    """A connection to an onion could not be made. `reason` is a stable word, the text a sentence; no address in either."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class Tor(Protocol):
    """An anonymity network that carries byte streams between onions."""

    @property
    def status(self) -> TorStatus:
        """How it stands now."""

    def watch(self, listener: Callable[[TorStatus], None]) -> None:
        """Calls `listener` on the loop with every later status."""

    def publish(self, identity: Identity, factory: IProtocolFactory, defences: str = "") -> None:
        """Wants the identity's onion reachable, virtual port 9878, until `unpublish`; also over a tor that dies.

        `defences` is what ADD_ONION takes for tor's own defences of an onion that is flooded (control-spec).
        Every connection that comes in becomes a protocol of `factory`. Wanting needs no Tor that is ready.
        """

    def unpublish(self, onion: Onion) -> None:
        """Wants it no more: the onion goes, its listener closes; connections that it brought stay."""

    def published_since(self, onion: Onion) -> int | None:
        """Since when the onion's descriptor is known to be uploaded (ms since the epoch), None while it isn't."""

    def dial(self, onion: Onion, isolation: str, factory: IProtocolFactory) -> "Deferred[IProtocol]":
        """Connects to an onion's virtual port 9878, on circuits that only this `isolation` shares.

        Fails with `DialFailed`; cancelling the Deferred gives the attempt up.
        """

    def new_circuits(self) -> "Deferred[None]":
        """Asks for fresh circuits for everything dialled from now on. Fails with `DialFailed` where tor isn't there."""

    def start(self) -> None:
        """Begins; returns at once. What happens shows in `status`."""

    def stop(self) -> "Deferred[None]":
        """Ends what it started, and nothing else."""
