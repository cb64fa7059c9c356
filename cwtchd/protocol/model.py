"""Nouns of the protocol: frozen values that every layer may hold.

Rules: no behaviour beyond what a value says of itself; what is secret or private is kept out of every `repr`.
"""

from dataclasses import dataclass, field
from enum import Enum, IntEnum, StrEnum
from typing import NewType

Onion = NewType("Onion", str)
"""A checked address: 56 characters, lower case, without `.onion` (wire-peer §1). Made by `crypto.onion`."""


class Role(Enum):
    """Which end of a connection this side is (wire-peer §3)."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class PeerVersion(IntEnum):
    """How peer messages are framed on one connection (wire-peer §4.1)."""

    V1 = 1
    V2 = 2


@dataclass(frozen=True, slots=True)
class Identity:
    """A profile's own key pair; its onion *is* its public key (wire-peer §1)."""

    seed: bytes = field(repr=False)
    public_key: bytes = field(repr=False)
    onion: Onion = field(repr=False)


@dataclass(frozen=True, slots=True)
class PeerMessage:
    """One message between two peers (wire-peer §4.1). `data` is raw bytes, whatever the version."""

    id: str
    context: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Overlay:
    """What a chat message says: `kind` is the wrapper's `o`, `data` its `d` (wire-peer §5)."""

    kind: int
    data: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyBundle:
    """What a server hands to those who would use it (wire-server §1.2): two onions, the key of its tokens, its signature.

    `extra` holds further signed keys, by name, which we do not know: they are part of what is signed.
    """

    server: Onion
    token_service: Onion
    token_key: bytes
    signature: bytes
    extra: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EncryptedGroupMessage:
    """What a server stores: opaque to it, and to everyone without the group's key (wire-server §3.1)."""

    ciphertext: bytes = field(repr=False)
    signature: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """A server's blinded word that one message may be posted (wire-server §2.4): `point` is k times the secret's point."""

    secret: bytes = field(repr=False)
    point: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SpentToken:
    """A token as it is shown to its server, bound to one message (wire-server §2.6)."""

    secret: bytes = field(repr=False)
    mac: bytes = field(repr=False)


class ConnectionState(StrEnum):
    """How a contact is connected right now (wire-peer §4.6), as the API shows it."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    AUTHENTICATED = "authenticated"
