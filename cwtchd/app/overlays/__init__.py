"""What chat messages say, by overlay number: one file a kind, and the table that finds it.

A number without a handler, or a wrapper that can't be read, is stored as it came and shown raw: acknowledged all the same, as
real Cwtch does (wire-peer §5.1).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from cwtchd.app.overlays import chat, quote
from cwtchd.protocol.wire.overlay import decode_overlay


@dataclass(frozen=True, slots=True)
class Reading:
    """What a wrapper says: its number, its text where it has one, the hash of the message that it quotes."""

    overlay: int | None
    text: str | None = field(default=None, repr=False)
    quotes: str | None = field(default=None, repr=False)


HANDLERS: dict[int, Callable[[str], tuple[str | None, str | None]]] = {
    chat.OVERLAY: chat.read,
    quote.OVERLAY: quote.read,
}


def read(body: bytes) -> Reading:
    """Reads a wrapper; whatever the bytes are, there is a Reading."""
    overlay = decode_overlay(body)
    if overlay is None:
        return Reading(None)
    handler = HANDLERS.get(overlay.kind)
    return Reading(overlay.kind, *handler(overlay.data)) if handler else Reading(overlay.kind)
