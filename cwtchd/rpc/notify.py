"""Subscriptions: a cursor each, that pulls pages of the log until it is dry and then waits for a commit.

Replay and live are one path, so that a reader that stalls costs no memory and loses nothing. Live-only events have no row: each
subscription keeps at most 1,000 that its reader has not taken, drops what is more, and says how many.
"""

from collections import deque
from collections.abc import Callable
from typing import Protocol

import msgspec
from twisted.internet.defer import Deferred, fail, succeed

from cwtchd import log
from cwtchd.app.effects import Outcome
from cwtchd.app.errors import CursorExpired, LimitExceeded, NotFound, ProfileLocked, Unauthorized
from cwtchd.rpc import follow, schema
from cwtchd.rpc.access import Caller, Grant
from cwtchd.rpc.follow import BuiltPage
from cwtchd.rpc.jsonrpc import encode_event
from cwtchd.rpc.methods.registry import Begun, Wanted
from cwtchd.rpc.ports import DaemonPort
from cwtchd.rpc.profile_port import ProfilePort
from cwtchd.rpc.pulls import Pulls
from cwtchd.store import events
from cwtchd.store.database import UnitOfWork

LIVE_UNREAD = 1_000
SUBSCRIPTIONS = 256
"""So many may be open on one connection."""


class LiveEvents:
    """Where what has no row is told: the runtime publishes, subscriptions listen."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._listeners: set[Subscription] = set()
        self.pulls = Pulls()

    def publish(
        self, profile: str | None, type_: str, data: object, about: ProfilePort | int | None = None
    ) -> None:
        """Tells all who follow that profile; None tells those who follow the daemon itself.

        `about` is the profile or the conversation that it tells of: who may not see that is not told.
        """
        line: bytes | None = None
        for listener in list(self._listeners):
            if listener.profile_id == profile and listener.wants(type_, about):
                line = line or encode_live(profile, type_, self._now(), data)
                listener.take_live(line)

    def add(self, listener: "Subscription") -> None:
        """Listens from now on."""
        self._listeners.add(listener)

    def closed(self, profile: str) -> None:
        """A profile was locked: those who follow it wait for it, and hold nothing of it."""
        self.pulls.forget(profile)
        for listener in list(self._listeners):
            if listener.profile_id == profile:
                listener.attach(None)

    def opened(self, port: ProfilePort) -> None:
        """A profile is open: those who followed it before go on where they were."""
        for listener in list(self._listeners):
            if listener.profile_id == port.onion:
                listener.attach(port)

    def remove(self, listener: "Subscription") -> None:
        """Listens no more."""
        self._listeners.discard(listener)


class Subscription:
    """One reader's place in one log."""

    def __init__(
        self,
        number: int,
        port: ProfilePort | None,
        grant: Grant,
        types: frozenset[str] | None,
        pulls: Pulls,
        reader: "Reader",
    ) -> None:
        self.number = number
        self._reader = reader
        self.profile_id = None if port is None else port.onion
        self._port = port
        self._grant = grant
        self._types = types
        self._pulls = pulls
        self._cursor = 0
        self._started = False
        self._choked = False
        self._ended = False
        self._pulling = False
        self._grew = True
        self._live: deque[bytes] = deque()
        self._dropped = 0

    def start(self, cursor: int) -> None:
        """The reply has left: events may follow it."""
        self._cursor = cursor
        self._started = True
        if self._port is not None:
            self._port.follow(self.grew)
        self._flow()

    def end(self) -> None:
        """Nothing more is told."""
        self._ended = True
        self.attach(None)

    def attach(self, port: ProfilePort | None) -> None:
        """The profile is closed (None), or open again; the cursor stays."""
        if port is self._port:
            return
        if self._port is not None and self._started:
            self._port.unfollow(self.grew)
        self._port = port
        self._pulling = False
        if port is not None and self._started:
            port.follow(self.grew)
            self.grew()

    def grew(self) -> None:
        """A commit added to the log."""
        self._grew = True
        self._flow()

    def choke(self, choked: bool) -> None:
        """The reader stalled, or goes on."""
        self._choked = choked
        self._flow()

    def wants(self, type_: str, about: ProfilePort | int | None) -> bool:
        """Whether a live event of this type, which tells of this, is for this reader."""
        if self._types is not None and type_ not in self._types:
            return False
        if about is None:
            return True
        if isinstance(about, int):
            return self._grant.conversations is None or about in self._grant.conversations
        return self._grant.shows(about)

    def take_live(self, event: bytes) -> None:
        """An event without a row; it is dropped where too many wait."""
        if len(self._live) >= LIVE_UNREAD:
            self._dropped += 1
        else:
            self._live.append(event)
        self._flow()

    def _flow(self) -> None:
        """Writes what can be written now, and pulls what may be there."""
        if not self._started or self._choked or self._ended:
            return
        while self._live and not self._choked:
            self._tell(self._live.popleft())
        if self._dropped and not self._choked:
            dropped, self._dropped = schema.Dropped(count=self._dropped), 0
            self._tell(encode_live(self.profile_id, "event.dropped", self._reader.now(), dropped))
        port = self._port
        if port is None or self._pulling or not self._grew or self._choked:
            return
        self._pulling, self._grew = True, False
        self._pulls.pull(port, self._cursor, self._grant.conversations, lambda page: self._pulled(port, page))

    def _pulled(self, port: ProfilePort, page: BuiltPage | Exception) -> None:
        if port is not self._port:
            return  # locked meanwhile: whatever was read is read again after the next unlock
        self._pulling = False
        if isinstance(page, Exception):
            # A reader that stalled until its place was pruned learns from its next subscription that its cursor is expired.
            if not isinstance(page, CursorExpired):
                log.unforeseen("a page of events could not be read", page)
            self._reader.hang_up()
            return
        if self._ended:
            return
        for built in page.events:
            if self._types is None or built.event.type in self._types:
                self._tell(built.json)
        self._cursor = page.cursor
        self._grew = self._grew or bool(page.events)
        self._flow()

    def _tell(self, event: bytes) -> None:
        self._reader.write(encode_event(self.number, event))


class Reader(Protocol):
    """The connection of whoever subscribes."""

    def write(self, line: bytes) -> None:
        """Writes a line; may choke the subscriptions of the connection before it returns."""

    def hang_up(self) -> None:
        """Ends the connection: its reader is to come again with its cursor."""

    def now(self) -> int:
        """Milliseconds since the epoch."""


def encode_live(profile: str | None, type_: str, at: int, data: object) -> bytes:
    """An event without a row, as JSON."""
    return msgspec.json.encode(schema.Event(seq=None, profile=profile, type=type_, at=at, data=data))


class ConnectionSubscriptions:
    """The subscriptions of one connection."""

    def __init__(self, daemon: DaemonPort, live: LiveEvents, reader: Reader) -> None:
        self._daemon = daemon
        self._live = live
        self._reader = reader
        self._count = 0
        self._opening = 0
        self._choked = False
        self._closed = False
        self._open: dict[int, Subscription] = {}

    def subscribe(self, caller: Caller, wanted: Wanted, begun: Begun) -> "Deferred[schema.Subscribed]":
        """Opens a cursor. What is put on `begun` is called once the reply has left. Fails with ProfileLocked, CursorExpired."""
        profile, grant = wanted.profile, caller.grant
        if grant is None:
            return fail(Unauthorized())
        port = None if profile is None else self._daemon.open_profile(profile)
        if profile is not None and port is None:
            return fail(ProfileLocked())
        there = len(self._open) + self._opening
        if there >= SUBSCRIPTIONS:
            return fail(LimitExceeded(limit=SUBSCRIPTIONS, size=there + 1))
        self._count += 1
        subscription = Subscription(self._count, port, grant, wanted.types, self._live.pulls, self._reader)
        if port is None:
            return succeed(self._opened(subscription, 0, 0, begun))
        opened: Deferred[schema.Subscribed] = Deferred()

        def begin(uow: UnitOfWork) -> Outcome[object]:
            if wanted.after is not None:
                follow.check_cursor(uow, wanted.after)
            return Outcome(events.head(uow))

        def done(outcome: Outcome[object] | Exception) -> None:
            self._opening -= 1
            if isinstance(outcome, Exception):
                opened.errback(outcome)
                return
            assert isinstance(outcome.value, int)
            head = outcome.value
            cursor = head if wanted.after is None else wanted.after
            opened.callback(self._opened(subscription, cursor, head, begun))

        self._opening += 1
        port.run(begin, done)
        return opened

    def _opened(self, subscription: Subscription, cursor: int, head: int, begun: Begun) -> schema.Subscribed:
        if not self._closed:
            self._open[subscription.number] = subscription
            subscription.choke(self._choked)
            self._live.add(subscription)
            begun.append(lambda: self._begin(subscription, cursor))
        return schema.Subscribed(subscription=subscription.number, head=head)

    def _begin(self, subscription: Subscription, cursor: int) -> None:
        if subscription.number in self._open:
            subscription.start(cursor)

    def unsubscribe(self, subscription: int) -> None:
        """Ends one. Raises NotFound."""
        found = self._open.pop(subscription, None)
        if found is None:
            raise NotFound
        self._end(found)

    def _end(self, subscription: Subscription) -> None:
        self._live.remove(subscription)
        subscription.end()

    def choke(self, choked: bool) -> None:
        """The reader stalled, or goes on."""
        self._choked = choked
        for subscription in list(self._open.values()):
            subscription.choke(choked)

    def end_all(self) -> None:
        """Ends those that there are."""
        for subscription in self._open.values():
            self._end(subscription)
        self._open.clear()

    def close(self) -> None:
        """The connection is gone, or about to go."""
        self._closed = True
        self.end_all()
