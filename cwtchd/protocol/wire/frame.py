"""Packets: 8192 bytes each, plain before there is a key, sealed with it afterwards (wire-peer §2.3-2.7).

    plain    length 2 | data | zeros to 8192
    sealed   nonce 24 | secretbox of (length 2 | data | zeros to 8152)

The length is an unsigned LEB128 varint in two fixed bytes, as Go writes it; data begins at offset 2 also where one byte would do.
Padding is not verified (§2.8). A length of 0 ends a session (§2.7), so none is ever sent.

What is too long: Go compares `length + 2 >= 8192` for plain and sealed packets alike (§2.7), so that a plain packet holds at most 8189
bytes, and a sealed one all the 8150 that its block has room for: `length + 2 > 8152` is refused besides. So the largest message
passes between two cwtchd, and from and to Go.
"""

from collections.abc import Iterator

from cwtchd.protocol.crypto.primitives import SealBroken, open_sealed, seal
from cwtchd.protocol.errors import LocalProtocolError, MessageTooLarge, RemoteProtocolError
from cwtchd.protocol.wire.constants import LENGTH_REFUSED, LENGTH_SIZE, PACKET_SIZE, SEALED_BLOCK

_MORE = 0x80
"""The bit of a varint's byte that says that another follows."""


def encode_length(length: int) -> bytes:
    """A length as Go's PutUvarint writes it into two bytes."""
    return bytes([length, 0]) if length < _MORE else bytes([length & 0x7F | _MORE, length >> 7])


def decode_length(first: int, second: int) -> int:
    """Reads a length. 0, the session's end, for what no varint of two bytes is.

    A small first byte with a second one is no varint that Go writes: another implementation's little-endian length (§12.2).
    """
    if first < _MORE:
        return first if second == 0 else first | second << 8
    return 0 if second >= _MORE else first & 0x7F | second << 7


def _block(data: bytes, size: int) -> bytes:
    limit = min(size - LENGTH_SIZE, LENGTH_REFUSED - 1)
    if len(data) > limit:
        raise MessageTooLarge(len(data), limit)
    if not data:
        raise LocalProtocolError("An empty packet would end the session: say what is to be sent.")
    return (encode_length(len(data)) + data).ljust(size, b"\0")


def _opened(block: bytes) -> bytes:
    length = decode_length(block[0], block[1])
    if length == 0:
        raise RemoteProtocolError("The peer sent an empty packet, which ends the session.")
    if length >= LENGTH_REFUSED or LENGTH_SIZE + length > len(block):
        raise RemoteProtocolError("The peer sent a packet whose length is more than a packet holds.")
    return block[LENGTH_SIZE : LENGTH_SIZE + length]


def encode_plain(data: bytes) -> bytes:
    """A packet before there is a key. Raises MessageTooLarge over 8189 bytes, LocalProtocolError for none."""
    return _block(data, PACKET_SIZE)


def decode_plain(packet: bytes) -> bytes:
    """The data of a plain packet of 8192 bytes. Raises RemoteProtocolError."""
    return _opened(packet)


def encode_sealed(key: bytes, data: bytes, nonce: bytes) -> bytes:
    """A packet under the connection's key. Raises MessageTooLarge over 8150 bytes, LocalProtocolError for none."""
    return seal(key, _block(data, SEALED_BLOCK), nonce)


def decode_sealed(key: bytes, packet: bytes) -> bytes:
    """The data of a sealed packet of 8192 bytes. Raises RemoteProtocolError."""
    try:
        block = open_sealed(key, packet)
    except SealBroken:
        raise RemoteProtocolError(
            "The peer sent a packet that does not open with the session's key."
        ) from None
    return _opened(block)


class Framer:
    """Cuts a stream into packets, however it arrives. Holds less than one packet back."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The packets that are whole now, which must all be taken before the next feed: one pass, however many there are."""
        self._rest += data
        at = 0
        while len(self._rest) - at >= PACKET_SIZE:
            yield bytes(self._rest[at : at + PACKET_SIZE])
            at += PACKET_SIZE
        del self._rest[:at]
