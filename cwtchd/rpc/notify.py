"""Subscriptions: a cursor each, that pulls pages of the log until it is dry and then waits for a commit.

Replay and live are one path, so that a reader that stalls costs no memory and loses nothing. Live-only events have no row: each
subscription keeps at most 1,000 that its reader has not taken, drops what is more, and says how many.
"""

from collections import deque
from collections.abc import Callable

from twisted.internet.defer import Deferred, fail, succeed

from cwtchd import log
from cwtchd.app.effects import Outcome
from cwtchd.app.errors import NotFound, ProfileLocked
from cwtchd.rpc import follow, schema
from cwtchd.rpc.jsonrpc import encode_event
from cwtchd.rpc.methods.registry import Begun
from cwtchd.rpc.ports import DaemonPort, ProfilePort
from cwtchd.store import events

LIVE_UNREAD = 1_000


class LiveEvents:
    """Where what has no row is told: the runtime publishes, subscriptions listen."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._listeners: set[Subscription] = set()

    def publish(self, profile: str | None, type_: str, data: object) -> None:
        """Tells all who follow that profile; None tells those who follow the daemon itself."""
        at = self._now()
        for listener in list(self._listeners):
            if listener.profile_id == profile:
                listener.take_live(type_, at, data)

    def add(self, listener: "Subscription") -> None:
        """Listens from now on."""
        self._listeners.add(listener)

    def closed(self, profile: str) -> None:
        """A profile was locked: those who follow it wait for it, and hold nothing of it."""
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
        types: frozenset[str] | None,
        write: Callable[[bytes], None],
        failed: Callable[[], None],
    ) -> None:
        """`failed` is called where the log can't be read: the reader is to come again with its cursor."""
        self.number = number
        self._failed = failed
        self.profile_id = None if port is None else port.onion
        self._port = port
        self._types = types
        self._write = write
        self._cursor = 0
        self._started = False
        self._choked = False
        self._ended = False
        self._pulling = False
        self._grew = True
        self._live: deque[tuple[str, int, object]] = deque()
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

    def take_live(self, type_: str, at: int, data: object) -> None:
        """An event without a row; it is dropped where too many wait."""
        if self._types is not None and type_ not in self._types:
            return
        if len(self._live) >= LIVE_UNREAD:
            self._dropped += 1
        else:
            self._live.append((type_, at, data))
        self._flow()

    def _flow(self) -> None:
        """Writes what can be written now, and pulls what may be there."""
        if not self._started or self._choked or self._ended:
            return
        while self._live and not self._choked:
            self._tell(None, *self._live.popleft())
        if self._dropped and not self._choked:
            dropped, self._dropped = self._dropped, 0
            self._tell(None, "event.dropped", 0, schema.Dropped(count=dropped))
        port = self._port
        if port is None or self._pulling or not self._grew or self._choked:
            return
        self._pulling, self._grew = True, False
        after, own, presence = self._cursor, port.onion, port.presence
        port.run(
            lambda uow: Outcome(follow.page(uow, own, presence, after, follow.PAGE_ROWS)),
            lambda outcome: self._pulled(port, outcome),
        )

    def _pulled(self, port: ProfilePort, outcome: Outcome[object] | Exception) -> None:
        if port is not self._port:
            return  # locked meanwhile: whatever was read is read again after the next unlock
        self._pulling = False
        if isinstance(outcome, Exception):
            log.unforeseen("a page of events could not be read", outcome)
            self._failed()
            return
        if self._ended or not isinstance(page := outcome.value, schema.EventPage):
            return
        for event in page.events:
            self._cursor = event.seq or self._cursor
            if self._types is None or event.type in self._types:
                self._tell(event.seq, event.type, event.at, event.data)
        self._grew = self._grew or bool(page.events)
        self._flow()

    def _tell(self, seq: int | None, type_: str, at: int, data: object) -> None:
        self._write(
            encode_event(
                schema.Notification(
                    subscription=self.number, seq=seq, profile=self.profile_id, type=type_, at=at, data=data
                )
            )
        )


class ConnectionSubscriptions:
    """The subscriptions of one connection."""

    def __init__(
        self,
        daemon: DaemonPort,
        live: LiveEvents,
        write: Callable[[bytes], None],
        hang_up: Callable[[], None],
    ) -> None:
        self._daemon = daemon
        self._live = live
        self._write = write
        self._hang_up = hang_up
        self._count = 0
        self._choked = False
        self._closed = False
        self._open: dict[int, Subscription] = {}

    def subscribe(
        self, profile: str | None, after: int | None, types: frozenset[str] | None, begun: Begun
    ) -> "Deferred[schema.Subscribed]":
        """Opens a cursor. What is put on `begun` is called once the reply has left. Fails with ProfileLocked."""
        port = None if profile is None else self._daemon.open_profile(profile)
        if profile is not None and port is None:
            return fail(ProfileLocked())
        self._count += 1
        subscription = Subscription(self._count, port, types, self._write, self._hang_up)
        if port is None:
            return succeed(self._opened(subscription, 0, 0, begun))
        opened: Deferred[schema.Subscribed] = Deferred()

        def done(outcome: Outcome[object] | Exception) -> None:
            if isinstance(outcome, Exception):
                opened.errback(outcome)
                return
            head = int(str(outcome.value))
            opened.callback(self._opened(subscription, head if after is None else after, head, begun))

        port.run(lambda uow: Outcome(events.head(uow)), done)
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

    def close(self) -> None:
        """The connection is gone."""
        self._closed = True
        for subscription in self._open.values():
            self._end(subscription)
        self._open.clear()
