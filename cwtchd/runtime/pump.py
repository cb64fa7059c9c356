"""The pump: one a contact, from outbox rows to one connection.

Goal: every row reaches the contact, in order, whatever breaks. It is bound to at most one admitted link, transmits unacknowledged
rows in the order of their ids, at most 32 in flight, and starts again at the oldest unacknowledged row on each new link, so that
order holds over any number of them. Unbound, it dials. A link whose oldest message is unacknowledged for 60 s is half open: it is
ended. Nothing here is remembered over a restart: the same rows lead the same way.
"""

from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from typing import Protocol, cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from cwtchd import log
from cwtchd.app import messages
from cwtchd.app.effects import Outcome
from cwtchd.app.messages import TOO_LARGE_FOR_PEER
from cwtchd.config import MESSAGES_IN_FLIGHT
from cwtchd.protocol.model import Onion, PeerMessage, PeerVersion
from cwtchd.runtime import dialling
from cwtchd.runtime.ledger import Unit
from cwtchd.runtime.links import PeerLink
from cwtchd.store import outbox
from cwtchd.store.outbox import Waiting
from cwtchd.tor.interface import DialFailed

ACKNOWLEDGEMENT_SECONDS = 60
VERSION_GRACE_SECONDS = 30
"""How long a message that only version 2 carries waits for the peer to say which it speaks, before another connection is tried."""


LASTING_SECONDS = 30
"""A connection that ends before that counts as a call that failed: else whoever hangs up at once is called every second."""


class Calling(Enum):
    """What an unbound pump does about it."""

    NOT = "nothing: it is bound, or Tor is not ready"
    RESTING = "it waits for the time of its next dial"
    QUEUED = "it waits for its turn among all dials"
    DIALLING = "a dial is under way, or its connection authenticates"


class PumpOwner(Protocol):
    """What a pump asks of its profile."""

    def run(self, unit: Unit, done: Callable[[Outcome[object] | Exception], None]) -> None:
        """Queues a unit of the profile's Ledger."""

    @property
    def can_dial(self) -> bool:
        """Tor is there at this very moment."""

    def dial(self, onion: Onion) -> "Deferred[None]":
        """Connects to the contact; fires once the stream is open. What authenticates comes back by `link_up`."""

    def admitted_links(self, conversation: int) -> Iterator[PeerLink]:
        """The links to choose from, oldest first."""

    def hang_up(self, link: PeerLink) -> None:
        """Ends a link."""

    def presence_changed(self, conversation: int) -> None:
        """Something of what clients see of the connection changed."""


class Pump:
    """Sends one contact's outbox."""

    def __init__(
        self,
        owner: PumpOwner,
        clock: IReactorTime,
        budget: dialling.DialBudget,
        chance: Callable[[], float],
        conversation: int,
        onion: Onion,
    ) -> None:
        self._owner = owner
        self._clock = clock
        self._budget = budget
        self._chance = chance
        self.conversation = conversation
        self._onion = onion
        self._tor_ready = False
        # unbound
        self.calling = Calling.NOT
        self.failures = 0
        self.last_failure: str | None = None
        self._dial: Deferred[None] | None = None
        self._leave_queue: Callable[[], None] = lambda: None
        # bound
        self._link: PeerLink | None = None
        self._bound_at = 0.0
        self._transmitted = 0
        self._in_flight: dict[str, float] = {}
        """transmitted on the bound link and not acknowledged: the wire id, and since when"""
        self._pulling = False
        self._more = False
        self._rewound = False
        self._oversize: Waiting | None = None
        # timers
        self._rest: IDelayedCall | None = None
        self._patience: IDelayedCall | None = None
        self._grace: IDelayedCall | None = None

    # --- what happens to it --------------------------------------------------------------------------------------

    def tor_ready(self, ready: bool) -> None:
        """Tor came or went: with it failures are forgotten and a dial is due at once; without it no dial is worth making."""
        self._tor_ready = ready
        if ready:
            self.reach(now=True)
        else:
            self._stop_calling()

    def reach(self, now: bool) -> None:
        """There may be something to send; `now` asks for a dial without waiting."""
        if self._link is not None:
            self._rewound = self._rewound or now  # an older row may have been queued again
            self._more = True
            self._pull()
        elif now and self.calling in (Calling.NOT, Calling.RESTING):
            self.failures = 0
            self._call()
        elif self.calling is Calling.NOT:
            self._call()

    def link_up(self, link: PeerLink) -> None:
        """An admitted link with the contact: bound to it, unless another serves already."""
        if self._link is not None:
            return
        self._stop_calling()
        if link.dialled is None:
            self.failures = 0  # the contact calls in: it wants us
        self._link, self._bound_at = link, self._clock.seconds()
        self._transmitted = 0
        self._more = True
        self._pull()

    def link_settled(self, link: PeerLink) -> None:
        """The link's version is known: what waited for that goes on."""
        if link is self._link and self._oversize is not None:
            self._place_oversize()

    def link_down(self, link: PeerLink) -> None:
        """A link is gone; the next one starts at the oldest unacknowledged row."""
        if link is not self._link:
            return
        self._unbind()
        if self._clock.seconds() - self._bound_at >= LASTING_SECONDS:
            self.failures, self.last_failure = 0, None
        else:
            self.failures += 1
            self.last_failure = "connection_lost" if link.settled else "not_admitted"
        other = next(self._owner.admitted_links(self.conversation), None)
        if other is not None:
            self.link_up(other)
        else:
            self._rest_before_call()

    def call_ended(self) -> None:
        """A connection that we dialled went before it was admitted."""
        if self.call_answered:
            self._failed("not_admitted")

    def acknowledged(self, wire_id: str) -> None:
        """The contact has a message; its row is being marked."""
        if self._in_flight.pop(wire_id, None) is not None:
            self._watch_oldest()
            self._pull()

    def close(self) -> None:
        """The contact is wanted no more, or the profile is closed."""
        self._unbind()
        self._stop_calling()
        self._tor_ready = False

    # --- unbound: dial -------------------------------------------------------------------------------------------

    def _rest_before_call(self) -> None:
        if not self._tor_ready or self._link is not None:
            return
        self.calling = Calling.RESTING
        self._rest = self._clock.callLater(dialling.delay(self.failures, self._chance()), self._call)
        self._owner.presence_changed(self.conversation)

    @property
    def next_dial_in(self) -> float | None:
        """Seconds until the next dial, None while none is planned."""
        if self._rest is None or not self._rest.active():
            return None
        return max(0.0, self._rest.getTime() - self._clock.seconds())

    @property
    def call_answered(self) -> bool:
        """The contact's onion took the call, and authentication is under way."""
        return self.calling is Calling.DIALLING and self._dial is None

    def _call(self) -> None:
        _cancelled(self._rest)
        self._rest = None
        if not self._tor_ready or self._link is not None:
            return
        self.calling = Calling.QUEUED
        self._owner.presence_changed(self.conversation)
        self._leave_queue = self._budget.ask(self._begin_dial)

    def _begin_dial(self) -> None:
        self._leave_queue = lambda: None
        if not self._owner.can_dial:
            # Tor went while this waited for its turn: `tor_ready` says so, and calls again when it is back.
            self.calling = Calling.NOT
            self._budget.give_back()
            return
        self.calling = Calling.DIALLING
        dial = self._dial = self._owner.dial(self._onion)
        self._owner.presence_changed(self.conversation)

        def ended(result: Failure | None) -> None:
            self._budget.give_back()
            if self._dial is not dial:
                return
            self._dial = None
            if isinstance(result, Failure):
                self._failed(_reason(result))
            else:
                self._owner.presence_changed(self.conversation)

        dial.addBoth(ended)

    def _failed(self, reason: str) -> None:
        self.failures += 1
        self.last_failure = reason
        self.calling = Calling.NOT
        self._rest_before_call()

    def _stop_calling(self) -> None:
        _cancelled(self._rest)
        self._rest = None
        self._leave_queue()
        self._leave_queue = lambda: None
        self.calling = Calling.NOT
        dial, self._dial = self._dial, None
        if dial is not None:
            dial.cancel()
        self._owner.presence_changed(self.conversation)

    # --- bound: send ---------------------------------------------------------------------------------------------

    def _unbind(self) -> None:
        self._link = None
        self._in_flight.clear()
        self._oversize = None
        _cancelled(self._patience)
        self._patience = None
        _cancelled(self._grace)
        self._grace = None

    def _pull(self) -> None:
        """Reads the next rows, where there may be any and they have room."""
        room = MESSAGES_IN_FLIGHT - len(self._in_flight)
        if self._link is None or self._pulling or not self._more or room <= 0 or self._oversize is not None:
            return
        if self._rewound:
            self._transmitted, self._rewound = 0, False
        link, after = self._link, self._transmitted
        self._pulling, self._more = True, False

        def done(outcome: Outcome[object] | Exception) -> None:
            self._pulling = False
            if link is not self._link:
                self._more = True
            elif isinstance(outcome, Exception):
                log.unforeseen("an outbox could not be read", outcome)
                self._owner.hang_up(link)
                return
            else:
                rows = cast("Sequence[Waiting]", outcome.value)
                self._more = self._more or len(rows) == room
                self._transmit(link, rows)
            self._pull()

        self._owner.run(lambda uow: Outcome(outbox.page(uow, self.conversation, after, room)), done)

    def _transmit(self, link: PeerLink, rows: Sequence[Waiting]) -> None:
        sent = []
        for row in rows:
            if row.wire_id in self._in_flight:
                self._transmitted = row.message
                continue
            message = PeerMessage(row.wire_id, row.context, row.body)
            if len(row.body) > link.stream.connection.data_limit(row.wire_id, row.context):
                self._oversize, self._more = row, True
                break
            link.stream.write(link.stream.connection.send(message))
            self._transmitted = row.message
            self._in_flight[row.wire_id] = self._clock.seconds()
            sent.append(row.message)
        if sent:
            self._watch_oldest()
            self._note(lambda uow: messages.transmitted(uow, sent))
        if self._oversize is not None:
            self._place_oversize()

    def _note(self, unit: Unit) -> None:
        def done(outcome: Outcome[object] | Exception) -> None:
            # The rows still wait: what could not be noted now is noted when the next link transmits them.
            if isinstance(outcome, Exception) and self._link is not None:
                log.unforeseen("a transmission could not be noted", outcome)
                self._owner.hang_up(self._link)

        self._owner.run(unit, done)

    def _place_oversize(self) -> None:
        """A row that only version 2 carries: sent once the peer speaks it, failed once it is clear that it doesn't."""
        link, row = self._link, self._oversize
        if link is None or row is None:
            return
        if link.stream.connection.version is PeerVersion.V2:
            self._oversize, self._more = None, True
            _cancelled(self._grace)
            self._grace = None
            self._pull()
        elif link.settled:
            self._oversize, self._more = None, True
            self._transmitted = row.message
            self._note(lambda uow: messages.failed(uow, row.message, TOO_LARGE_FOR_PEER))
            self._pull()
        elif self._grace is None:
            self._grace = self._clock.callLater(VERSION_GRACE_SECONDS, self._grace_over, link)

    def _grace_over(self, link: PeerLink) -> None:
        # A peer that never says a word says nothing about its version either: the next connection may tell.
        self._grace = None
        self._owner.hang_up(link)

    def _watch_oldest(self) -> None:
        _cancelled(self._patience)
        self._patience = None
        oldest = next(iter(self._in_flight.values()), None)
        if oldest is not None:
            left = oldest + ACKNOWLEDGEMENT_SECONDS - self._clock.seconds()
            self._patience = self._clock.callLater(max(0.0, left), self._half_open)

    def _half_open(self) -> None:
        link = self._link
        if link is not None:
            log.info("a connection was ended: a message went unacknowledged for 60 s")
            self._owner.hang_up(link)
            self.link_down(link)  # also where the link was gone already, and nobody is told a second time


def _cancelled(timer: IDelayedCall | None) -> None:
    """Ends a timer, where it still runs."""
    if timer is not None and timer.active():
        timer.cancel()


def _reason(failure: Failure) -> str:
    match failure.value:
        case DialFailed() as error:
            return error.reason
        case CancelledError():
            return "given_up"
        case error:
            log.unforeseen("a dial failed", error)
            return "internal_error"
