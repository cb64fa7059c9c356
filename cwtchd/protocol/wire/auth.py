"""The authentication message: two public keys as JSON, byte for byte as Go marshals them (wire-peer §3.2).

Rules: read as leniently as Go reads, written in one spelling only. Left out: whether the keys are points (crypto/handshake finds out).
"""

from dataclasses import dataclass

from cwtchd.protocol.crypto.primitives import PUBLIC_KEY_SIZE
from cwtchd.protocol.errors import RemoteProtocolError
from cwtchd.protocol.wire.constants import PACKET_SIZE
from cwtchd.protocol.wire.gojson import bytes_of, read_object, write_bytes


@dataclass(frozen=True, slots=True)
class AuthMessage:
    """Who somebody says to be, and the key of this connection."""

    long_term: bytes
    ephemeral: bytes


def encode_auth(message: AuthMessage) -> bytes:
    """136 bytes; also what goes into the transcript for either side, whatever spelling came in (wire-peer §3.6)."""
    return (
        f'{{"LongTermPublicKey":{write_bytes(message.long_term)},'
        f'"EphemeralPublicKey":{write_bytes(message.ephemeral)}}}'
    ).encode()


def decode_auth(data: bytes) -> AuthMessage:
    """Reads what a peer sent. Raises RemoteProtocolError for anything but two keys of 32 bytes."""
    fields = read_object(data, PACKET_SIZE)
    keys = bytes_of(fields.get("longtermpublickey")), bytes_of(fields.get("ephemeralpublickey"))
    if any(len(key) != PUBLIC_KEY_SIZE for key in keys):
        raise RemoteProtocolError("The peer sent a key that is not 32 bytes.")
    return AuthMessage(*keys)
