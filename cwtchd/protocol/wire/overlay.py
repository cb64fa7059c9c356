"""Overlays: the JSON wrapper of every chat message, and the hash by which a reply names what it answers (wire-peer §5).

Rules: a wrapper that was sent or received is kept as its exact text, since its hash is over that; what can't be read is None and never
an error. Left out: the optional times of newer versions (§5.1), which are ignored when read.
"""

import base64

from cwtchd.protocol.crypto.primitives import sha256
from cwtchd.protocol.errors import LocalProtocolError, RemoteProtocolError
from cwtchd.protocol.model import Onion, Overlay
from cwtchd.protocol.wire.constants import OVERLAY_LIMIT
from cwtchd.protocol.wire.gojson import read_object, text_of, write_text

_NUMBER_LIMIT = 1 << 31
"""Ours: what fits the smallest integer of any implementation."""


def encode_overlay(overlay: Overlay) -> str:
    """`{"o":…,"d":"…"}` as Go writes it. Raises LocalProtocolError for a text with lone surrogates, which no UTF-8 can hold."""
    wrapper = f'{{"o":{overlay.kind},"d":{write_text(overlay.data)}}}'
    _check_encodable(wrapper)
    return wrapper


def decode_overlay(wrapper: str | bytes) -> Overlay | None:
    """Reads a wrapper, whatever its bytes; None where it is none, which real Cwtch shows as malformed and keeps all the same (§5.1).

    Numbers outside 0 to 2**31 - 1 are none that any implementation gives a meaning.
    """
    try:
        fields = read_object(wrapper, OVERLAY_LIMIT)
        kind, data = fields.get("o"), fields.get("d")
        if type(kind) is not int or not 0 <= kind < _NUMBER_LIMIT or data is None:
            return None
        return Overlay(kind, text_of(data))
    except RemoteProtocolError:
        return None


def encode_quote(content_hash: str, body: str) -> str:
    """What overlay 10 carries: the hash of the message that is answered, and the answer (§5.1)."""
    quote = f'{{"quotedHash":{write_text(content_hash)},"body":{write_text(body)}}}'
    _check_encodable(quote)
    return quote


def decode_quote(data: str) -> tuple[str, str] | None:
    """Reads what overlay 10 carries: the hash and the answer; None where either is missing (§5.2)."""
    try:
        fields = read_object(data, OVERLAY_LIMIT)
        content_hash, body = fields.get("quotedhash"), fields.get("body")
        if content_hash is None or body is None:
            return None
        return text_of(content_hash), text_of(body)
    except RemoteProtocolError:
        return None


def content_hash(sender: Onion, wrapper: str | bytes) -> str:
    """The hash that names a message in a reply, over its sender and its wrapper just as it was sent (§5.3)."""
    exact = wrapper if isinstance(wrapper, bytes) else wrapper.encode()
    return base64.b64encode(sha256(sender.encode() + exact)).decode()


def _check_encodable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise LocalProtocolError("A text with lone surrogates can't be sent.") from None
