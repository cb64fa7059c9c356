"""Merlin transcripts over STROBE-128, by cSHAKE128 in C.

STROBE's first block is cSHAKE128's with the customisation `STROBEv1.0.2`; each further block of 166 bytes is closed by the position
where its operation began, 0x04 and a padding bit, which together are one 168-byte block of cSHAKE's sponge. So a transcript is the
list of bytes that went in, and a challenge is cSHAKE of them: what is squeezed is zeroed in STROBE's state, which is the same as
absorbing it once more. Source: wire-peer §3.6 and its vectors; `merlin-transcripts` is the tests' oracle.

What tapir adds (wire-server §7): protocols as messages under one label, and a generator whose seed is drawn from the transcript.
"""

from Crypto.Hash import SHAKE256, cSHAKE128

from cwtchd.protocol.server_table import PRNG_SEED_SIZE, PROTOCOL_LABEL

_RATE = 166
_CUSTOMISATION = b"STROBEv1.0.2"
_MERLIN_LABEL = b"Merlin v1.0"
_DOMAIN_SEPARATOR = b"dom-sep"

_FLAG_INBOUND = 1
_FLAG_APPLICATION = 1 << 1
_FLAG_CIPHER = 1 << 2
_FLAG_META = 1 << 4


class Prng:
    """A stream of bytes that both sides can draw: SHAKE256 of a seed, squeezed on and on (wire-server §2.5, §7)."""

    def __init__(self, seed: bytes) -> None:
        self._sponge = SHAKE256.new(seed)

    def read(self, size: int) -> bytes:
        """The next bytes."""
        return bytes(self._sponge.read(size))


class Transcript:
    """What two sides agree that they said, and challenges drawn from it."""

    def __init__(self, label: bytes) -> None:
        self._closed = bytearray()
        self._last = b""
        self._block = bytearray()
        self._began = 0
        self._meta(_MERLIN_LABEL, more=False)
        self.append(_DOMAIN_SEPARATOR, label)

    def append(self, label: bytes, message: bytes) -> None:
        """Adds a labelled message."""
        self._meta(label, more=False)
        self._meta(len(message).to_bytes(4, "little"), more=True)
        self._begin(_FLAG_APPLICATION)
        self._absorb(message)

    def challenge(self, label: bytes, size: int) -> bytes:
        """Draws `size` bytes that depend on everything so far; they become part of it."""
        self._meta(label, more=False)
        self._meta(size.to_bytes(4, "little"), more=True)
        self._begin(_FLAG_INBOUND | _FLAG_APPLICATION | _FLAG_CIPHER)
        return self._squeeze(size)

    def protocol(self, name: bytes) -> None:
        """Says which protocol what follows belongs to."""
        self.append(PROTOCOL_LABEL, name)

    def prng(self, label: bytes) -> Prng:
        """A generator that depends on everything so far; that it was drawn becomes part of it."""
        return Prng(self.challenge(label, PRNG_SEED_SIZE))

    def _meta(self, data: bytes, *, more: bool) -> None:
        if not more:
            self._begin(_FLAG_META | _FLAG_APPLICATION)
        self._absorb(data)

    def _begin(self, flags: int) -> None:
        began, self._began = self._began, len(self._block) + 1
        self._absorb(bytes([began, flags]))
        if flags & _FLAG_CIPHER and self._block:
            self._close_block()

    def _absorb(self, data: bytes) -> None:
        at = 0
        while at < len(data):
            taken = data[at : at + _RATE - len(self._block)]
            self._block += taken
            at += len(taken)
            if len(self._block) == _RATE:
                self._close_block()

    def _close_block(self) -> None:
        """Ends a block with the position where its operation began; its padding is `_padded`, or cSHAKE's own."""
        self._closed += _padded(self._last)
        self._last = bytes(self._block) + bytes([self._began])
        self._block.clear()
        self._began = 0

    def _squeeze(self, size: int) -> bytes:
        drawn = b""
        while len(drawn) < size:
            # Here a block was just closed: cSHAKE pads it as STROBE does, and gives the state behind it.
            sponge = cSHAKE128.new(data=bytes(self._closed) + self._last, custom=_CUSTOMISATION)
            part = sponge.read(min(size - len(drawn), _RATE))
            self._absorb(part)
            drawn += part
        return drawn


def _padded(last: bytes) -> bytes:
    """A closed block as the 168 bytes that cSHAKE absorbs."""
    if not last:
        return b""
    padded = bytearray(last.ljust(_RATE + 2, b"\0"))
    padded[len(last)] ^= 0x04
    padded[_RATE + 1] ^= 0x80
    return bytes(padded)
