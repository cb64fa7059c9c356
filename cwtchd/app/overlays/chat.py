"""Overlay 1: plain text (wire-peer §5.1)."""

from cwtchd.protocol.model import Overlay
from cwtchd.protocol.wire.overlay import encode_overlay

OVERLAY = 1


def read(data: str) -> tuple[str | None, str | None]:
    """The text, and no quote."""
    return data, None


def write(text: str) -> bytes:
    """The wrapper of a text."""
    return encode_overlay(Overlay(OVERLAY, text)).encode()
