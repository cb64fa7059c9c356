"""A server's three secrets, and the bundle in which it hands out what belongs to them (wire-server §1.1, §1.2).

Rules: the two onions and the key of the tokens have nothing in common but their owner; each is drawn by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self

from cwtchd.protocol.crypto.onion import identity_from_seed
from cwtchd.protocol.crypto.primitives import SEED_SIZE, sign
from cwtchd.protocol.crypto.privacypass import TokenKey
from cwtchd.protocol.model import Identity, KeyBundle
from cwtchd.protocol.wire.bundle import signed_text

KEYS_SIZE = 96
"""Bytes of the three together, each 32: the board's seed, the token service's seed, the scalar of the tokens."""


@dataclass(frozen=True, slots=True)
class ServerKeys:
    """Who a server is: the onion of its board, the onion of its token service, the key under which its tokens are signed."""

    board: Identity
    tokens: Identity
    token_key: TokenKey = field(repr=False)

    @classmethod
    def new(cls, randomness: Callable[[int], bytes]) -> Self:
        """The keys of a server that was not there before."""
        return cls(
            identity_from_seed(randomness(SEED_SIZE)),
            identity_from_seed(randomness(SEED_SIZE)),
            TokenKey.new(randomness),
        )

    def encode(self) -> bytes:
        """The 96 bytes that `decode` reads; they are all that a server is."""
        return self.board.seed + self.tokens.seed + self.token_key.scalar

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Reads what `encode` made. Raises ValueError."""
        if len(data) != KEYS_SIZE:
            raise ValueError("A server's keys have 96 bytes.")
        board, tokens = data[:SEED_SIZE], data[SEED_SIZE : 2 * SEED_SIZE]
        return cls(identity_from_seed(board), identity_from_seed(tokens), TokenKey.of(data[2 * SEED_SIZE :]))

    def bundle(self) -> KeyBundle:
        """What is handed to those who would use the server, signed by its board's onion."""
        unsigned = KeyBundle(self.board.onion, self.tokens.onion, self.token_key.public, b"")
        return replace(unsigned, signature=sign(self.board.seed, signed_text(unsigned)))
