"""Who is connected: the streams of one profile, from the first byte to the last, with every bound on them.

A link is unauthenticated, then authenticated but undecided (its unit is on the Ledger), then admitted, as a stranger or as a
contact. Links know no policy of consent: they do what the decisions' effects say.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
from twisted.internet.protocol import Factory

from cwtchd import log
from cwtchd.app import peer
from cwtchd.app.effects import Link, Outcome
from cwtchd.config import MESSAGES_IN_FLIGHT
from cwtchd.protocol.connection import PeerConnection
from cwtchd.protocol.events import (
    Authenticated,
    ConnectionFailed,
    Event,
    MessageAcknowledged,
    MessageIgnored,
    MessageReceived,
    VersionSettled,
)
from cwtchd.protocol.model import Identity, Onion, PeerMessage, Role
from cwtchd.protocol.wire.constants import PACKET_SIZE
from cwtchd.runtime.ledger import Source, SourceEnded, Unit
from cwtchd.tor.transport import OnionStream

PeerStream = OnionStream[PeerConnection]

UNREAD_BYTES = 2 * MESSAGES_IN_FLIGHT * PACKET_SIZE
"""What may wait for a peer that does not read before it is not read from either.

An honest one is owed at most one window of our messages and one window of acknowledgements of its own. A lower bound would let two
honest peers that both write a lot stop reading each other for ever.
"""

AUTHENTICATION_SECONDS = 60
UNAUTHENTICATED_LINKS = 64
STRANGER_LINKS = 32
UNITS_PER_LINK = 64
"""So many decisions on one link's messages may wait: twice what an honest peer has in flight; its user's calls queue behind them."""
LINKS_PER_PEER = 4
"""An honest peer needs two, and one more while it has not noticed that an older one is dead; the oldest gives way."""
STRANGER_IDLE_SECONDS = 600


@dataclass(slots=True, eq=False)
class PeerLink:
    """One stream with one peer, and what is known of it."""

    number: Link
    stream: PeerStream
    source: Source
    patience: IDelayedCall | None
    """ends a peer that is silent during authentication, or a stranger that is idle"""
    dialled: Onion | None = field(default=None, repr=False)
    """whom we called; None where they called us"""
    peer: Onion | None = field(default=None, repr=False)
    conversation: int | None = None
    stranger: bool = False
    settled: bool = False
    """how this connection frames messages is known for good, by what the peer sent"""
    waiting: list[Event] = field(default_factory=list)
    """what the peer sent before its standing was decided"""
    units: int = 0
    """how many decisions on its messages wait"""
    heard_at: int = 0
    """when the peer last sent anything, milliseconds since the epoch"""

    @property
    def undecided(self) -> bool:
        """The peer is authenticated, and the decision on it is under way."""
        return self.peer is not None and not self.admitted

    @property
    def admitted(self) -> bool:
        """A decision let this peer talk."""
        return self.conversation is not None


class LinkListener(Protocol):
    """What the profile is told of its links. One object, handed down at construction."""

    def run(self, unit: Unit, done: Callable[[Outcome[object] | Exception], None], source: Source) -> None:
        """Queues a unit of the profile's Ledger; effects are performed before `done`."""

    def link_changed(self, link: PeerLink) -> None:
        """The link was admitted, or its standing changed, or the peer was heard."""

    def link_settled(self, link: PeerLink) -> None:
        """The link's version is known."""

    def link_acknowledged(self, link: PeerLink, wire_id: str) -> None:
        """The peer acknowledged a message; the unit that marks its row is queued, and comes before any that is queued now."""

    def link_lost(self, link: PeerLink) -> None:
        """The link is gone."""


class LinkFactory(Factory):
    """Makes the stream of each new connection of a profile, in one direction."""

    noisy = False

    def __init__(self, build: Callable[[], PeerStream]) -> None:
        self._build = build

    def buildProtocol(self, addr: IAddress | None) -> PeerStream:
        return self._build()


class Links:
    """All links of one profile."""

    def __init__(
        self,
        clock: IReactorTime,
        now: Callable[[], int],
        randomness: Callable[[int], bytes],
        identity: Identity,
        listener: LinkListener,
    ) -> None:
        self._clock = clock
        self._now = now
        self._randomness = randomness
        self._identity = identity
        self._listener = listener
        self._links: dict[Link, PeerLink] = {}
        self._by_stream: dict[PeerStream, PeerLink] = {}
        self._count = 0
        self._held = False
        self.calls_in = 0
        """how many streams came in"""
        self.reached_at: int | None = None
        """when a peer that had called in last authenticated, milliseconds since the epoch"""

    # --- streams come and go -------------------------------------------------------------------------------------

    def listening(self) -> LinkFactory:
        """For those who call in."""
        return LinkFactory(lambda: self._stream(Role.INBOUND, None))

    def calling(self, onion: Onion) -> LinkFactory:
        """For a call to this contact."""
        return LinkFactory(lambda: self._stream(Role.OUTBOUND, onion))

    def _stream(self, role: Role, dialled: Onion | None) -> PeerStream:
        connection = PeerConnection(role, self._identity, dialled, self._randomness)
        return OnionStream(self._clock, connection, UNREAD_BYTES, self)

    def made(self, stream: PeerStream) -> None:
        """A stream is open: it has 60 s to authenticate, and gives way to newer ones where there are too many."""
        # Those who call in: a stranger who opens connections must not end our own calls.
        unauthenticated = [
            link for link in self._links.values() if link.peer is None and link.dialled is None
        ]
        dialled = stream.connection.dialled
        if dialled is None and len(unauthenticated) >= UNAUTHENTICATED_LINKS:
            self.hang_up(unauthenticated[0])
        self._count += 1
        self.calls_in += dialled is None
        number = Link(self._count)
        link = PeerLink(number, stream, Source(), None, dialled)
        self._links[number] = self._by_stream[stream] = link
        self._watch(link, AUTHENTICATION_SECONDS)
        stream.hold(self._held)

    def drained(self, stream: PeerStream) -> None:
        """Nothing waits for that: each pump has its window."""

    def lost(self, stream: PeerStream) -> None:
        """A stream is gone; what is queued from it may still be stored, its acknowledgement goes nowhere."""
        self._forget(self._by_stream.get(stream))

    def hang_up(self, link: PeerLink) -> None:
        """Ends a link."""
        link.stream.hang_up()
        self._forget(link)

    def _forget(self, link: PeerLink | None) -> None:
        if link is None or self._links.pop(link.number, None) is None:
            return
        del self._by_stream[link.stream]
        self._watch(link, None)
        self._listener.link_lost(link)

    def _watch(self, link: PeerLink, seconds: int | None) -> None:
        if link.patience is not None and link.patience.active():
            link.patience.cancel()
        link.patience = None if seconds is None else self._clock.callLater(seconds, self.hang_up, link)

    # --- what peers cause ----------------------------------------------------------------------------------------

    def received(self, stream: PeerStream, events: Sequence[Event]) -> None:
        """The peer on this stream caused these."""
        link = self._by_stream.get(stream)
        if link is None:
            return
        link.heard_at = self._now()
        if link.stranger:
            self._watch(link, STRANGER_IDLE_SECONDS)
        self._handle_all(link, events)
        if link.admitted and link.number in self._links:
            self._listener.link_changed(link)

    def _handle_all(self, link: PeerLink, events: Sequence[Event]) -> None:
        for event in events:
            if link.number not in self._links:
                return
            if link.undecided and not isinstance(event, ConnectionFailed):
                link.waiting.append(event)  # at most what one read of the stream held: see `Authenticated`
            else:
                self._handle(link, event)

    def _handle(self, link: PeerLink, event: Event) -> None:
        match event:
            case Authenticated(onion):
                link.peer = onion
                if link.dialled is None:
                    self.reached_at = self._now()
                self._watch(link, None)
                self._run(link, lambda uow: peer.authenticated(uow, link.number, onion))
            case MessageReceived():
                onion = _known(link)
                self._run(link, lambda uow: peer.message_received(uow, link.number, onion, event))
            case MessageAcknowledged(wire_id):
                onion = _known(link)
                self._run(link, lambda uow: peer.acknowledged(uow, onion, wire_id))
                self._listener.link_acknowledged(link, wire_id)
            case VersionSettled():
                link.settled = True
                self._listener.link_settled(link)
            case MessageIgnored(reason):
                log.info("a message was ignored", reason=reason)
            case ConnectionFailed(error):
                log.info("a connection was closed", reason=str(error))
                self.hang_up(link)

    def _run(self, link: PeerLink, unit: Unit) -> None:
        def done(outcome: Outcome[object] | Exception) -> None:
            link.units -= 1
            self._steer(link)
            # What is not stored ends its connection, or what follows would overtake it.
            if isinstance(outcome, Exception):
                if not isinstance(outcome, SourceEnded):
                    log.unforeseen("a peer's message was not stored", outcome)
                self.hang_up(link)

        link.units += 1
        self._steer(link)
        self._listener.run(unit, done, link.source)

    def _steer(self, link: PeerLink) -> None:
        """Reads from a link, or waits with that until what was read is decided."""
        link.stream.hold(self._held or link.undecided or link.units >= UNITS_PER_LINK)

    # --- what decisions want -------------------------------------------------------------------------------------

    def get(self, number: Link) -> PeerLink | None:
        """The link of this number, None where it is gone."""
        return self._links.get(number)

    def admit(self, number: Link, conversation: int, stranger: bool) -> None:
        """Lets a peer talk; a stranger only while there is room for strangers."""
        link = self._links.get(number)
        if link is None:
            return
        if stranger and sum(other.stranger for other in self._links.values()) >= STRANGER_LINKS:
            self.hang_up(link)
            return
        older = [other for other in self._links.values() if other.peer == link.peer and other.admitted]
        if len(older) >= LINKS_PER_PEER:
            self.hang_up(older[0])
        link.conversation = conversation
        link.stranger = stranger
        if stranger:
            self._watch(link, STRANGER_IDLE_SECONDS)
        link.stream.write(link.stream.connection.admit())
        self._listener.link_changed(link)
        waiting, link.waiting = link.waiting, []
        self._handle_all(link, waiting)
        self._steer(link)

    def welcome(self, conversation: int) -> None:
        """A stranger was accepted: its links are a contact's from now on."""
        for link in self.of(conversation):
            if link.stranger:
                link.stranger = False
                self._watch(link, None)

    def acknowledge(self, number: Link, message: PeerMessage) -> None:
        """Sends an acknowledgement on the link on which the message came."""
        link = self._links.get(number)
        if link is not None:
            link.stream.write(link.stream.connection.send(message))

    def of(self, conversation: int) -> Iterator[PeerLink]:
        """The admitted links with this contact, oldest first."""
        return iter([link for link in self._links.values() if link.conversation == conversation])

    def part_with(self, onion: Onion) -> None:
        """Ends every link with this peer, decided or not."""
        for link in [link for link in self._links.values() if link.peer == onion]:
            self.hang_up(link)

    def hold(self, held: bool) -> None:
        """Stops reading, or goes on, while the Ledger has too much to store."""
        if held != self._held:
            self._held = held
            for link in self._links.values():
                self._steer(link)

    def close(self) -> None:
        """Ends every link."""
        for link in list(self._links.values()):
            self.hang_up(link)


def _known(link: PeerLink) -> Onion:
    """Whose link this is. The peer machine passes no message on before authentication."""
    assert link.peer is not None
    return link.peer
