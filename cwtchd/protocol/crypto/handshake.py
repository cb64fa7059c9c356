"""The mathematics of authentication: the 3DH key and the challenge over what both sides said (wire-peer §3.5, §3.6)."""

from dataclasses import dataclass

from cwtchd.protocol.crypto.primitives import diffie_hellman, sha3_256
from cwtchd.protocol.crypto.transcript import Transcript
from cwtchd.protocol.model import Onion, Role

CHALLENGE_SIZE = 64
"""Bytes that each side must repeat to the other (wire-peer §3.6)."""

# The transcript's labels (wire-peer §3.6), each read in source. They stand here and not in wire/constants, which is a layer above.
_LABEL = b"tapir-transcript"
_PROTOCOL = (b"protocol", b"auth-app")
_OUTBOUND_HOST = b"outbound-hostname"
_INBOUND_HOST = b"inbound-hostname"
_OUTBOUND_KEYS = b"outbound-challenge"
_INBOUND_KEYS = b"inbound-challenge"
_CHALLENGE = b"3dh-auth-challenge"


@dataclass(frozen=True, slots=True)
class Said:
    """What one side said of itself: its address, and its auth message as Go marshals it."""

    onion: Onion
    message: bytes


def session_key(
    role: Role, own_seed: bytes, own_ephemeral: bytes, their_public: bytes, their_ephemeral: bytes
) -> bytes:
    """The connection's key: SHA3-256 over three X25519 results, in the outbound side's order (wire-peer §3.5).

    Raises RemoteProtocolError for keys of theirs that are no usable points.
    """
    long_to_ephemeral = diffie_hellman(own_seed, their_ephemeral)
    ephemeral_to_long = diffie_hellman(own_ephemeral, their_public)
    both_ephemeral = diffie_hellman(own_ephemeral, their_ephemeral)
    if role is Role.OUTBOUND:
        return sha3_256(long_to_ephemeral + ephemeral_to_long + both_ephemeral)
    return sha3_256(ephemeral_to_long + long_to_ephemeral + both_ephemeral)


def challenge(outbound: Said, inbound: Said) -> bytes:
    """64 bytes that only two sides with the same transcript know (wire-peer §3.6)."""
    transcript = Transcript(_LABEL)
    transcript.append(*_PROTOCOL)
    transcript.append(_OUTBOUND_HOST, outbound.onion.encode())
    transcript.append(_INBOUND_HOST, inbound.onion.encode())
    transcript.append(_OUTBOUND_KEYS, outbound.message)
    transcript.append(_INBOUND_KEYS, inbound.message)
    return transcript.challenge(_CHALLENGE, CHALLENGE_SIZE)
