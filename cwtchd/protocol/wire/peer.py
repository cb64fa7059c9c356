"""Peer messages: an id, a context and data, as JSON (version 1) or split by bars (version 2) (wire-peer §4.1).

    V1   {"ID":"…","Context":"…","Data":"<base64>"}
    V2   ID | Context | Data        each bar one byte 0x7C, data raw to the end

An id can't hold `{`, so that a message which begins with it is version 1 on any connection (§4.2).
"""

import re

from cwtchd.protocol.errors import LocalProtocolError, MessageTooLarge, RemoteProtocolError
from cwtchd.protocol.model import PeerMessage, PeerVersion
from cwtchd.protocol.wire.constants import CONTEXT_LIMIT, ID_LIMIT, MESSAGE_LIMIT
from cwtchd.protocol.wire.gojson import bytes_of, read_object, text_of, write_bytes

_BAR = b"|"
_V1_FRAME = len('{"ID":"","Context":"","Data":""}')
_WORD = re.compile(r"[A-Za-z0-9.]*", re.ASCII)
"""An id may be empty in principle (wire-peer §4.1)."""


def data_limit(version: PeerVersion, message_id: str, context: str) -> int:
    """The most bytes of data that fit one packet beside this id and context."""
    words = len(message_id) + len(context)
    if version is PeerVersion.V1:
        return max(0, (MESSAGE_LIMIT - _V1_FRAME - words) // 4 * 3)
    return max(0, MESSAGE_LIMIT - 2 * len(_BAR) - words)


def encode_peer_message(version: PeerVersion, message: PeerMessage) -> bytes:
    """A message for the wire. Raises MessageTooLarge, and LocalProtocolError for an id or a context that is no word."""
    if not (_is_word(message.id, ID_LIMIT) and message.context and _is_word(message.context, CONTEXT_LIMIT)):
        raise LocalProtocolError("A message's id and context are words of letters, digits and dots.")
    limit = data_limit(version, message.id, message.context)
    if len(message.data) > limit:
        raise MessageTooLarge(len(message.data), limit)
    if version is PeerVersion.V1:
        words = f'{{"ID":"{message.id}","Context":"{message.context}",'
        return f'{words}"Data":{write_bytes(message.data)}}}'.encode()
    return _BAR.join((message.id.encode(), message.context.encode(), message.data))


def decode_peer_message(version: PeerVersion, data: bytes) -> PeerMessage:
    """Reads what a peer sent on a connection of this version. Raises RemoteProtocolError."""
    if len(data) > MESSAGE_LIMIT:
        raise RemoteProtocolError("The peer sent a message that is longer than a packet.")
    if version is PeerVersion.V1 or data.startswith(b"{"):
        fields = read_object(data, MESSAGE_LIMIT)
        message_id, context = text_of(fields.get("id")), text_of(fields.get("context"))
        body = bytes_of(fields.get("data"))
    else:
        try:
            first, second, body = data.split(_BAR, 2)
        except ValueError:
            raise RemoteProtocolError("The peer sent a message without its two bars.") from None
        message_id, context = first.decode("latin-1"), second.decode("latin-1")
    if not (_is_word(message_id, ID_LIMIT) and context and _is_word(context, CONTEXT_LIMIT)):
        raise RemoteProtocolError(
            "The peer sent a message whose id or context is not a word of letters, digits and dots."
        )
    return PeerMessage(message_id, context, body)


def _is_word(text: str, limit: int) -> bool:
    return len(text) <= limit and _WORD.fullmatch(text) is not None
