"""Overlay 10: a reply that quotes an earlier message by its content hash (wire-peer §5.1, §5.3)."""

from cwtchd.protocol.model import Overlay
from cwtchd.protocol.wire.overlay import decode_quote, encode_overlay, encode_quote

OVERLAY = 10


def read(data: str) -> tuple[str | None, str | None]:
    """The reply's text and the hash that it quotes; neither where the payload can't be read."""
    quote = decode_quote(data)
    return (None, None) if quote is None else (quote[1], quote[0])


def write(content_hash: str, text: str) -> bytes:
    """The wrapper of a reply."""
    return encode_overlay(Overlay(OVERLAY, encode_quote(content_hash, text))).encode()
