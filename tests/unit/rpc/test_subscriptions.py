"""Subscriptions at the moments that a whole daemon rarely shows: a caller that leaves early, a profile that is locked meanwhile."""

import json
from collections.abc import Callable

import msgspec
from twisted.internet.defer import Deferred

from cwtchd.app.effects import Outcome
from cwtchd.protocol.model import Onion
from cwtchd.rpc import schema
from cwtchd.rpc.access import OWNER
from cwtchd.rpc.follow import BuiltEvent, BuiltPage
from cwtchd.rpc.notify import LiveEvents, Subscription
from cwtchd.rpc.presence import Presence, SelfDialled, ServerPresences
from cwtchd.store.database import UnitOfWork

Done = Callable[[Outcome[object] | Exception], None]


class Port:
    """A profile whose units are answered when the test says so."""

    onion = Onion("o" * 56)
    name = "alice"
    created_at = 0
    autostart = True
    published_since: int | None = None

    def __init__(self) -> None:
        self.presence: Presence = {}
        self.servers: ServerPresences = {}
        self.paths: list[schema.ContactPath] = []
        self.asked: list[Done] = []
        self.followers: list[Callable[[], None]] = []

    def run(self, unit: Callable[[UnitOfWork], Outcome[object]], done: Done) -> None:
        self.asked.append(done)

    self_dial = SelfDialled()

    def sync_server(self, server: int) -> "Deferred[None]":
        raise NotImplementedError

    def mark(self, salt: bytes) -> bytes:
        return salt

    def follow(self, grew: Callable[[], None]) -> None:
        self.followers.append(grew)

    def unfollow(self, grew: Callable[[], None]) -> None:
        self.followers.remove(grew)


class Listening:
    """A reader's connection: what it is told, and whether it was ended."""

    def __init__(self) -> None:
        self.told: list[int | None] = []
        self.failed: list[bool] = []

    def write(self, line: bytes) -> None:
        self.told.append(json.loads(line)["params"]["seq"])

    def hang_up(self) -> None:
        self.failed.append(True)

    def now(self) -> int:
        return 0


def page(*seqs: int) -> Outcome[object]:
    events = [schema.Event(seq=seq, profile="o" * 56, type="message.sent", at=0, data=None) for seq in seqs]
    built = [BuiltEvent(event, msgspec.json.encode(event)) for event in events]
    return Outcome(BuiltPage(built, seqs[-1] if seqs else 0))


def started(port: Port) -> tuple[Subscription, list[int | None], LiveEvents, list[bool]]:
    reader = Listening()
    live = LiveEvents(lambda: 0)
    subscription = Subscription(1, port, OWNER, None, live.pulls, reader)
    live.add(subscription)
    subscription.start(0)
    return subscription, reader.told, live, reader.failed


def test_it_pulls_until_it_is_dry_and_then_waits_for_a_commit() -> None:
    port = Port()
    _, told, _, _ = started(port)
    port.asked.pop()(page(1, 2))
    port.asked.pop()(page())
    assert (told, port.asked) == ([1, 2], [])
    port.followers[0]()
    port.asked.pop()(page(3))
    assert told == [1, 2, 3]


def test_a_reader_that_stalls_is_not_read_for_and_live_events_are_counted_past_a_thousand() -> None:
    port = Port()
    subscription, told, live, _ = started(port)
    port.asked.pop()(page())
    subscription.choke(choked=True)
    for _ in range(1_500):
        live.publish(port.onion, "connection.changed", None)
    port.followers[0]()
    assert (told, port.asked) == ([], [])
    subscription.choke(choked=False)
    assert told == [None] * 1_001, "a thousand, and one that says that 500 were dropped"
    port.asked.pop()(page(1))
    assert told[-1] == 1


def test_a_locked_profile_is_let_go_and_after_the_next_unlock_the_cursor_goes_on() -> None:
    port = Port()
    _, told, live, _ = started(port)
    late = port.asked.pop()
    live.closed(port.onion)
    assert port.followers == []
    late(page(1))
    assert told == [], "what was read before the lock is read again"
    again = Port()
    live.opened(again)
    again.asked.pop()(page(1, 2))
    assert told == [1, 2]


def test_a_log_that_can_not_be_read_ends_the_connection() -> None:
    port = Port()
    _, _, _, failed = started(port)
    port.asked.pop()(OSError())
    assert failed == [True]


def test_an_ended_one_tells_nothing_and_holds_nothing() -> None:
    port = Port()
    subscription, told, live, _ = started(port)
    late = port.asked.pop()
    subscription.end()
    live.remove(subscription)
    late(page(1))
    live.publish(port.onion, "connection.changed", None)
    assert (told, port.followers) == ([], [])
