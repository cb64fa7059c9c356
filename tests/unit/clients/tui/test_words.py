"""How things stand, in words."""

from typing import Any

import pytest

from cwtch_client import Connection, Conversation, Delivery, Message, TorStatus
from cwtch_tui import words
from tests.unit.clients.tui.conftest import NOW

MINUTE = 60_000


def contact(is_: str = "accepted", **connection: Any) -> Conversation:
    usual: dict[str, Any] = {"state": "disconnected"}
    return Conversation(
        id=1, kind="contact", state=is_, name="bob", connection=Connection(**usual | connection)
    )


def brief(conversation: Conversation, *, there: bool = True) -> str:
    found = words.connection(conversation, NOW, daemon_there=there)
    return f"{found.mark} {found.words}"


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (-5, "just now"),
        (0, "just now"),
        (59_999, "just now"),
        (MINUTE, "1 min ago"),
        (3 * 3_600_000, "3 h ago"),
        (50 * 3_600_000, "2 d ago"),
    ],
)
def test_ages(ago: int, said: str) -> None:
    assert words.age(NOW - ago, NOW) == said


def test_no_claim_without_its_age() -> None:
    assert brief(contact()) == "○ not reached yet"
    connected = contact(state="authenticated", since=NOW - 60 * MINUTE, last_proof_at=NOW - 3 * MINUTE)
    assert brief(connected) == "● connected, heard 3 min ago"
    assert brief(connected, there=False) == "- not known: no daemon"
    assert "since " in words.connection_in_full(connected, NOW, daemon_there=True)


def test_why_somebody_is_not_reached_and_when_it_is_tried_again() -> None:
    away = contact(last_proof_at=NOW - 120 * MINUTE, next_dial_at=NOW + 40_000, last_failure="not_published")
    told = words.connection_in_full(away, NOW, daemon_there=True)
    assert (
        told
        == "last heard 2 h ago; their address can't be found, so they seem to be offline; next try in 40 s"
    )


def test_requests_and_blocked_ones_claim_no_connection() -> None:
    assert brief(contact("pending")) == "? wants to talk to you"
    assert brief(contact("blocked")) == "x blocked"


def message(state: str, **more: Any) -> Message:
    return Message(id=1, conversation=1, author="a", outgoing=True, state=state, **more)


@pytest.mark.parametrize(
    ("state", "connection", "said"),
    [
        ("queued", "disconnected", "… queued"),
        ("queued", "connecting", "… connecting"),
        ("queued", "authenticated", "… queued"),
        ("sent", "authenticated", "> sent, not confirmed yet"),
        ("delivered", "disconnected", "✓ delivered"),
        ("newer\x1b", "disconnected", r"  newer\x1b"),
    ],
)
def test_deliveries(state: str, connection: str, said: str) -> None:
    to = Conversation(id=1, kind="contact", state="accepted", connection=Connection(state=connection))
    found = words.delivery(message(state), to)
    assert f"{found.mark} {found.words}" == said


def test_a_failure_says_why() -> None:
    assert (
        "too long for their version"
        in words.delivery(message("failed", error="message_too_large"), None).words
    )
    told = words.delivery(message("failed", delivery=Delivery(step="failed", reason="some_new_word")), None)
    assert told.words == "failed: some new word"


def test_tor() -> None:
    assert words.tor(TorStatus(state="ready", progress=100, summary="Done")).words == "Tor ready"
    told = words.tor(TorStatus(state="connecting", progress=45, summary="Loading relays\x1b"))
    assert told.words == r"Tor connecting 45 %: Loading relays\x1b"
    assert words.tor(None).words == "Tor: not known"


def test_a_time_that_no_calendar_has_is_no_error() -> None:
    assert words.clock(1 << 70)
    assert words.clock(None) == ""
