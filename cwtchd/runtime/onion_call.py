"""One call to an onion, for one purpose: its own circuit, its own identity, a time limit on everything until it stands.

Used for what a profile does at servers: each session, each post and each purchase is a call of its own, so that none of them is linked to
another (extensions 0-ground, 4.2-4.5).
"""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IAddress, IDelayedCall, IProtocol, IReactorTime
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.python.failure import Failure

from cwtchd import log
from cwtchd.protocol.events import Event
from cwtchd.protocol.model import Onion
from cwtchd.protocol.wire.constants import PACKET_SIZE
from cwtchd.runtime.dialling import DialBudget
from cwtchd.tor.interface import DialFailed, Tor
from cwtchd.tor.transport import C, OnionStream

UNREAD_BYTES = 16 * PACKET_SIZE


class CallOwner(Protocol):
    """Who is told what becomes of a call."""

    def heard(self, events: Sequence[Event]) -> None:
        """The other side caused these."""

    def over(self) -> None:
        """The call did not come off, or has ended; told once, unless it was given up."""


class OnionCall(Generic[C]):
    """A call that carries this connection of the core."""

    def __init__(
        self,
        clock: IReactorTime,
        tor: Tor,
        budget: DialBudget,
        owner: CallOwner,
        connection: C,
    ) -> None:
        self._clock = clock
        self._tor = tor
        self._budget = budget
        self._owner = owner
        self.connection = connection
        self.stream: OnionStream[C] = OnionStream(clock, connection, UNREAD_BYTES, self)
        self.failure: str | None = None
        """a stable word for why the dial did not work"""
        self._dial: Deferred[IProtocol] | None = None
        self._leave_queue: Callable[[], None] = lambda: None
        self._patience: IDelayedCall | None = None
        self._over = False

    def begin(self, onion: Onion, isolation: str) -> None:
        """Dials in its turn."""
        self._leave_queue = self._budget.ask(lambda: self._go(onion, isolation))

    def _go(self, onion: Onion, isolation: str) -> None:
        self._leave_queue = lambda: None
        self._dial = self._tor.dial(onion, isolation, _Single(self.stream))
        self._dial.addBoth(self._dialled)

    def _dialled(self, result: IProtocol | Failure) -> None:
        self._dial = None
        self._budget.give_back()
        if isinstance(result, Failure):
            if isinstance(result.value, DialFailed):
                self.failure = result.value.reason
            elif not isinstance(result.value, CancelledError):
                log.unforeseen("a server could not be called", result.value)
            self._end()

    def patient(self, seconds: float | None) -> None:
        """Gives up after so long, None: never; said anew whenever there was progress."""
        if self._patience is not None and self._patience.active():
            self._patience.cancel()
        self._patience = None if seconds is None else self._clock.callLater(seconds, self.hang_up)

    def write(self, data: bytes) -> None:
        """Sends bytes."""
        self.stream.write(data)

    def hang_up(self) -> None:
        """Ends the call, wherever it is; the owner is told that it is over."""
        self._leave_queue()
        if self._dial is not None:
            self._dial.cancel()
        self.stream.hang_up()
        self._end()

    def give_up(self) -> None:
        """Ends the call, and tells nobody."""
        self._over = True
        self.patient(None)
        self.hang_up()

    def _end(self) -> None:
        self.patient(None)
        if not self._over:
            self._over = True
            self._owner.over()

    # --- what the stream tells -----------------------------------------------------------------------------------

    def made(self, stream: OnionStream[C]) -> None:
        """The stream is open."""

    def received(self, stream: OnionStream[C], events: Sequence[Event]) -> None:
        """The other side caused these."""
        if not self._over:
            self._owner.heard(events)

    def drained(self, stream: OnionStream[C]) -> None:
        """Nothing waits for that."""

    def lost(self, stream: OnionStream[C]) -> None:
        """The stream is gone."""
        self._end()


class _Single(Factory):
    """Makes the one stream of a call."""

    noisy = False

    def __init__(self, stream: TwistedProtocol) -> None:
        self._stream = stream

    def buildProtocol(self, addr: IAddress | None) -> TwistedProtocol:
        return self._stream
