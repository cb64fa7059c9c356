"""How things stand, in words: connections, deliveries, Tor, ages. Pure functions of values and the time.

Rules: nothing is told by colour alone: each standing has a mark, a word and a style, and the style may be missing; no claim is
made without its age.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from cwtch_client import Connection, Conversation, Message, TorStatus
from cwtch_tui.text import one_line

_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000

_REASONS = {
    "not_published": "their address can't be found, so they seem to be offline",
    "host_unreachable": "they are not online, as far as Tor can tell",
    "connection_refused": "their address is there, but nothing answers",
    "introduction_failed": "their address could not be reached",
    "introduction_timed_out": "their address did not answer in time",
    "rendezvous_failed": "the circuits did not meet",
    "timed_out": "no answer in time",
    "network_unreachable": "Tor has no network now",
    "tor_unavailable": "Tor is not ready",
    "connection_lost": "the connection broke",
    "not_admitted": "they did not let us in",
    "message_too_large": "too long for their version: write it in parts",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How something stands: a mark of one cell, words, and a style's name."""

    mark: str
    words: str
    style: str = ""


def age(at: int, now: int) -> str:
    """How long ago, for a person."""
    passed = now - at
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if passed >= size:
            return f"{passed // size} {unit} ago"
    return "just now"


def ahead(at: int, now: int) -> str:
    """How soon, for a person."""
    left = at - now
    for size, unit in ((_HOUR, "h"), (_MINUTE, "min")):
        if left >= size:
            return f"in {left // size} {unit}"
    return f"in {left // 1000} s" if left >= 1000 else "now"  # noqa: PLR2004 - milliseconds in a second


def clock(at: int | None) -> str:
    """The time of day, local."""
    return "" if at is None else _local(at).strftime("%H:%M")


def day(at: int) -> date:
    """The local day."""
    return _local(at).date()


def day_name(of: date, today: date) -> str:
    """A day as a heading."""
    if (passed := (today - of).days) in (0, 1):
        return ("Today", "Yesterday")[passed]
    return of.strftime("%A %d %B" if of.year == today.year else "%A %d %B %Y")


def _local(at: int) -> datetime:
    try:
        return datetime.fromtimestamp(at / 1000, UTC).astimezone()
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)  # a time that no calendar has


def reason(word: str | None) -> str:
    """Why something did not work, from the daemon's stable word."""
    if not word:
        return ""
    return _REASONS.get(word) or one_line(word.replace("_", " "))


def connection(conversation: Conversation, now: int, *, daemon_there: bool) -> Standing:
    """A contact's connection in a few words, with the age of the last proof of it."""
    if conversation.state == "blocked":
        return Standing("x", "blocked", "bad")
    if conversation.state == "pending":
        return Standing("?", "wants to talk to you", "warn")
    if not daemon_there:
        return Standing("-", "not known: no daemon", "warn")
    found = conversation.connection or Connection(state="disconnected")
    proof = found.last_proof_at
    heard = "never heard" if proof is None else f"heard {age(proof, now)}"
    match found.state:
        case "authenticated":
            return Standing("●", f"connected, {heard}", "good")
        case "connected" | "connecting":
            return Standing("◐", f"connecting, {heard}", "warn")
        case _:
            return Standing("○", "not reached yet" if proof is None else f"last {heard}", "quiet")


def connection_in_full(conversation: Conversation, now: int, *, daemon_there: bool) -> str:
    """The same with all that is known: since when, why not, and when it is tried again."""
    brief = connection(conversation, now, daemon_there=daemon_there)
    found = conversation.connection
    if found is None or conversation.state != "accepted" or not daemon_there:
        return brief.words
    parts = [brief.words]
    if found.state == "disconnected":
        parts.append(reason(found.last_failure))
        parts.append(f"next try {ahead(found.next_dial_at, now)}" if found.next_dial_at else "")
    elif found.since:
        parts.insert(1, f"since {_since(found.since, now)}")
    return "; ".join(part for part in parts if part)


def _since(at: int, now: int) -> str:
    """The time of day, with the day where it is another."""
    return clock(at) if day(at) == day(now) else _local(at).strftime("%d %b %H:%M")


def delivery(message: Message, conversation: Conversation | None) -> Standing:
    """How far an outgoing message has come."""
    connection_state = conversation.connection.state if conversation and conversation.connection else None
    why = reason(message.error or (message.delivery.reason if message.delivery else None))
    match message.state:
        case "delivered":
            return Standing("✓", "delivered", "good")
        case "sent":
            return Standing(">", "sent, not confirmed yet", "quiet")
        case "failed":
            return Standing("✗", f"failed: {why or 'no reason is known'}", "bad")
        case "queued" if connection_state in ("connecting", "connected"):
            return Standing("…", "connecting", "warn")
        case "queued":
            return Standing("…", "queued", "warn")
        case other:
            return Standing(" ", one_line(other), "quiet")


def tor(status: TorStatus | None) -> Standing:
    """How Tor stands."""
    if status is None:
        return Standing("-", "Tor: not known", "warn")
    percent = f" {status.progress} %" if status.progress is not None and status.state != "ready" else ""
    style = {"ready": "good", "lost": "bad", "offline": "bad"}.get(status.state, "warn")
    mark = {"ready": "●", "lost": "✗", "offline": "✗"}.get(status.state, "◐")
    about = "" if status.state == "ready" or not status.summary else f": {one_line(status.summary)}"
    return Standing(mark, f"Tor {one_line(status.state)}{percent}{about}", style)
