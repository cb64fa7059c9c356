"""Addresses: an onion is an Ed25519 public key with a checksum, and the other way round (wire-peer §1)."""

import base64
import binascii
import hashlib

from cwtchd.protocol.crypto.primitives import PUBLIC_KEY_SIZE, public_key_of_seed, sha3_256
from cwtchd.protocol.errors import InvalidOnion
from cwtchd.protocol.model import Identity, Onion

ONION_LENGTH = 56
"""Characters of an address: 35 bytes in base32, which need no padding."""
_CHECKSUM_LABEL = b".onion checksum"
_VERSION = b"\x03"
_DECODED_SIZE = 35


def onion_of(public_key: bytes) -> Onion:
    """The address of a 32-byte Ed25519 public key (wire-peer §1.2)."""
    checksum = sha3_256(_CHECKSUM_LABEL + public_key + _VERSION)[:2]
    return Onion(base64.b32encode(public_key + checksum + _VERSION).decode().lower())


def parse_onion(text: str) -> Onion:
    """Checks an address: length, alphabet, version and checksum (wire-peer §1.3). Raises InvalidOnion.

    Nothing is forgiven: no upper case, no `.onion`, no blanks. Whether the key is a point is for the handshake to find out.
    """
    if len(text) != ONION_LENGTH:
        raise InvalidOnion("An address has 56 characters.")
    try:
        # `casefold` is off: an upper-case letter is refused, since every onion has one spelling.
        decoded = base64.b32decode(text.upper()) if text == text.lower() else b""
    except (binascii.Error, ValueError):
        decoded = b""
    if len(decoded) != _DECODED_SIZE:
        raise InvalidOnion("An address is made of a-z and 2-7.")
    if decoded[-1:] != _VERSION:
        raise InvalidOnion(
            "An address ends with its version, which is that of v3 onion services: it ends in d."
        )
    if onion_of(decoded[:PUBLIC_KEY_SIZE]) != text:
        raise InvalidOnion("The address's checksum is wrong: a character of it was mistyped.")
    return Onion(text)


def public_key_of(onion: Onion) -> bytes:
    """The Ed25519 public key that an address is."""
    return base64.b32decode(onion.upper())[:PUBLIC_KEY_SIZE]


def identity_from_seed(seed: bytes) -> Identity:
    """The key pair and address of a 32-byte seed."""
    public = public_key_of_seed(seed)
    return Identity(seed, public, onion_of(public))


def expanded_key(seed: bytes) -> bytes:
    """The 64 bytes that Tor's ADD_ONION takes: SHA-512 of the seed, its first half clamped (wire-peer §1.6)."""
    expanded = bytearray(hashlib.sha512(seed).digest())
    expanded[0] &= 248
    expanded[31] &= 63
    expanded[31] |= 64
    return bytes(expanded)
