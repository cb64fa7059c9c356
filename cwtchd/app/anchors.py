"""What can be said of a row from its bytes: its id, and whether it is an anchor (extensions 0-ground, 4.2 and 8.1). Pure functions.

An anchor is a row that every client of a server picks out by the same hash, so that resuming there tells none of them from the others.
"""

from collections.abc import Mapping
from hashlib import blake2b
from statistics import median

from cwtchd.protocol.crypto.onion import public_key_of
from cwtchd.protocol.model import EncryptedGroupMessage, KeyBundle

ROW_ID_SIZE = 16
KEY_ID_SIZE = 16
SIGNATURE_SIZE = 64
"""Only rows whose signature is one (Ed25519) are anchors: nothing else is worth sending back to a server."""

_ANCHOR_LABEL = b"cwd-anch1"
_KEY_LABEL = b"cwd-tkid1"

LEAST_BITS = 4
MOST_BITS = 10
LEVELS = range(LEAST_BITS, MOST_BITS + 1)
_SPARSER_BY = 5  # bits: some 32 to 64 anchors a day, whatever the traffic
MEDIAN_DAYS = 7


def row_id(message: EncryptedGroupMessage) -> bytes:
    """What makes two rows the same: 16 bytes over the whole of it, never its signature alone."""
    size = len(message.ciphertext).to_bytes(2, "little")
    return blake2b(size + message.ciphertext + message.signature, digest_size=ROW_ID_SIZE).digest()


def key_id(bundle: KeyBundle) -> bytes:
    """16 bytes over the keys of a server that must never change."""
    keys = public_key_of(bundle.server) + public_key_of(bundle.token_service) + bundle.token_key
    return blake2b(keys, digest_size=KEY_ID_SIZE, person=_KEY_LABEL).digest()


def level(signature: bytes) -> int:
    """How many low bits of the signature's hash are 0, at most MOST_BITS; 0 for what is no signature."""
    if len(signature) != SIGNATURE_SIZE:
        return 0
    hashed = int.from_bytes(blake2b(signature, digest_size=8, person=_ANCHOR_LABEL).digest(), "little")
    return min((hashed & -hashed).bit_length() - 1, MOST_BITS) if hashed else MOST_BITS


def is_anchor(signature: bytes, bits: int) -> bool:
    """Whether a session may resume at a row of this signature, where anchors have so many zero bits."""
    return level(signature) >= bits


def bits(rows_a_day: float) -> int:
    """How many zero bits make an anchor on a server of so many rows a day (k)."""
    return max(LEAST_BITS, min(MOST_BITS, int(max(rows_a_day, 1)).bit_length() - 1 - _SPARSER_BY))


def rows_a_day(days: Mapping[int, int], first: int | None, today: int, all_rows: int) -> float:
    """The median of the last seven whole days, `first` being the first that was counted whole.

    While there is none, all rows that the server had count as one day's: anchors are then rather too few, so that a newcomer resumes where
    others do.
    """
    whole = (
        [] if first is None else [days.get(day, 0) for day in range(max(first, today - MEDIAN_DAYS), today)]
    )
    return float(median(whole)) if whole else float(all_rows)
