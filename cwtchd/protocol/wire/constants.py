"""Every number and word of the peer wire, in one table: what rests on memory alone is marked, so that one capture corrects it.

Marks as in wire-peer: `src` read in source, `doc` in documentation, `recall` from memory and not confirmed.
"""

from cwtchd.protocol.model import PeerMessage

PACKET_SIZE = 8192  # src: every packet, plain or sealed (§2.3)
LENGTH_SIZE = 2  # src: a varint in two fixed bytes (§2.5; for sealed packets recall)
SEALED_OVERHEAD = 40  # src: nonce 24 and tag 16 (§2.6)
SEALED_BLOCK = PACKET_SIZE - SEALED_OVERHEAD
MESSAGE_LIMIT = SEALED_BLOCK - LENGTH_SIZE  # src: the largest message of a sealed packet, 8150 (§2.6)
LENGTH_REFUSED = (
    PACKET_SIZE - LENGTH_SIZE
)  # recall: Go takes this length, or more, for an empty message (§2.7)

VERSION_ID = "im.cwtch.version"  # recall (§4.2)
VERSION_1 = 0x01  # doc (§4.2)
VERSION_2 = 0x02  # doc (§4.2)

CONTEXT_RAW = "im.cwtch.raw"  # doc (§4.3)
CONTEXT_ACKNOWLEDGEMENT = "im.cwtch.acknowledgement"  # doc (§4.3)
CONTEXT_GET_VALUE = "im.cwtch.getVal"  # doc (§4.3)
CONTEXT_RETURN_VALUE = "im.cwtch.retVal"  # doc (§4.3)
CONTEXT_INVITE = "im.cwtch.invite"  # recall: a legacy group invite, sent by nobody any more (§4.3)
CONTEXT_PREFIX_FILE = "im.cwtch.file."  # recall: the four contexts of file transfer (§4.3, §6.3)

ID_LIMIT = 256  # ours: real ids have at most 10 characters, those of file chunks about 190
CONTEXT_LIMIT = 256  # ours, likewise

OVERLAY_LIMIT = 64 << 10  # ours: no wrapper of one packet, or of a group message, comes near it
STREAM_OVERLAYS_ABOVE = 1024  # recall: above it, the low three bits are a channel (§5.4)
STREAM_CHANNEL_MASK = 7  # recall (§5.4)
STREAM_CHANNEL = 7  # recall: neither stored nor acknowledged (§5.4)


def acknowledgement(message_id: str) -> PeerMessage:
    """What says that a message is stored (§4.4)."""
    return PeerMessage(message_id, CONTEXT_ACKNOWLEDGEMENT, b"")


def version_message() -> PeerMessage:
    """What says that we speak version 2: deliberately no readable getVal, so that old peers ignore it (§4.2)."""
    return PeerMessage(VERSION_ID, CONTEXT_GET_VALUE, bytes([VERSION_2]))
