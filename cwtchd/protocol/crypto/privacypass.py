"""Tokens: a server signs points that it can't recognise again, and proves that it used its one key for all of them (wire-server §2.4-2.6).

Goal: who shows a token has had one signed, and nobody can tell which. One proof holds for a whole batch: a DLEQ over a random sum of
its points, whose weights and challenge are drawn from the connection's transcript. Left out: what was spent already, which is a store's
to know, and the transcript up to the batch, which is the machines'.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self

from cwtchd.protocol import server_table as table
from cwtchd.protocol.crypto import group
from cwtchd.protocol.crypto.primitives import equal, hmac_sha3_512, sha3_256, sha3_512
from cwtchd.protocol.crypto.transcript import Transcript
from cwtchd.protocol.errors import BatchIncomplete, ProofFailed, RemoteProtocolError
from cwtchd.protocol.model import SpentToken, Token

Randomness = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class TokenKey:
    """What a server signs tokens with: a scalar, and the point that everybody may know."""

    scalar: bytes = field(repr=False)
    public: bytes

    @classmethod
    def new(cls, randomness: Randomness) -> Self:
        """A new key, of 64 random bytes."""
        return cls.of(group.reduce(randomness(table.WIDE_SIZE)))

    @classmethod
    def of(cls, scalar: bytes) -> Self:
        """The key of a scalar of 32 bytes. Raises ValueError for one that is zero or not canonical."""
        if not group.is_scalar(scalar):
            raise ValueError(
                "A token key is a scalar of 32 bytes that is neither zero nor past the group's order."
            )
        return cls(scalar, group.multiply_base(scalar))


@dataclass(frozen=True, slots=True)
class BlindedToken:
    """A token before it is signed: the server sees `point` alone."""

    secret: bytes = field(repr=False)
    blind: bytes = field(repr=False)
    point: bytes


@dataclass(frozen=True, slots=True)
class SignedBatch:
    """What a server answers: each point times its key, and the proof that it was one key, the public one."""

    signed: tuple[bytes, ...]
    challenge: bytes
    response: bytes


def blind(randomness: Randomness) -> BlindedToken:
    """A token to be signed, of 32 and then 64 random bytes."""
    secret = randomness(table.SECRET_SIZE)
    scalar = group.reduce(randomness(table.WIDE_SIZE))
    return BlindedToken(secret, scalar, group.multiply(scalar, _point_of(secret)))


def sign(
    key: TokenKey, blinded: Sequence[bytes], transcript: Transcript, randomness: Randomness
) -> SignedBatch:
    """Signs points and proves it. Raises RemoteProtocolError for none at all, and for a point that is none or the identity."""
    if not blinded:
        raise RemoteProtocolError("The other side sent a batch of no tokens.")
    signed = [group.multiply(key.scalar, point) for point in blinded]
    weights = _weights(key.public, blinded, signed, transcript)
    blinded_sum = group.total([group.multiply(*pair) for pair in zip(weights, blinded, strict=True)])
    # The sum of what was signed is the signed sum: the weighted sum is taken once, not twice.
    signed_sum = group.multiply(key.scalar, blinded_sum)
    nonce = group.reduce(randomness(table.WIDE_SIZE))
    commitments = group.multiply_base(nonce), group.multiply(nonce, blinded_sum)
    challenge = _challenge(key.public, (blinded_sum, signed_sum), commitments, transcript)
    return SignedBatch(tuple(signed), challenge, group.multiply_and_subtract(nonce, challenge, key.scalar))


def unblind(
    public: bytes, blinded: Sequence[BlindedToken], batch: SignedBatch, transcript: Transcript
) -> tuple[Token, ...]:
    """The tokens of a batch, once its proof holds for this public key.

    Raises RemoteProtocolError for another count than was asked for, a point that is none, a proof that does not hold.
    """
    if not blinded or len(batch.signed) != len(blinded):
        raise BatchIncomplete("The server signed another number of tokens than it was sent.")
    if not (group.is_scalar(batch.challenge) and group.is_scalar(batch.response)):
        raise RemoteProtocolError("The server's proof is not made of two scalars.")
    points = [token.point for token in blinded]
    weights = _weights(public, points, batch.signed, transcript)
    blinded_sum = group.total([group.multiply(*pair) for pair in zip(weights, points, strict=True)])
    signed_sum = group.total([group.multiply(*pair) for pair in zip(weights, batch.signed, strict=True)])
    commitments = (
        group.total([group.multiply_base(batch.response), group.multiply(batch.challenge, public)]),
        group.total(
            [group.multiply(batch.response, blinded_sum), group.multiply(batch.challenge, signed_sum)]
        ),
    )
    if not equal(batch.challenge, _challenge(public, (blinded_sum, signed_sum), commitments, transcript)):
        raise ProofFailed("The server's proof does not hold: it did not sign with the key that it published.")
    inverses = group.invert_all([token.blind for token in blinded])
    return tuple(
        Token(token.secret, group.multiply(inverse, point))
        for token, inverse, point in zip(blinded, inverses, batch.signed, strict=True)
    )


def spend(token: Token, data: bytes) -> SpentToken:
    """The token bound to what it pays for."""
    return SpentToken(token.secret, _mac(token.secret, token.point, data))


def verify(key: TokenKey, spent: SpentToken, data: bytes) -> bool:
    """Whether a token was signed with this key and bound to this data. Whether it was spent before, it can't tell."""
    return equal(spent.mac, _mac(spent.secret, group.multiply(key.scalar, _point_of(spent.secret)), data))


def _point_of(secret: bytes) -> bytes:
    return group.from_hash(sha3_512(secret))


def _mac(secret: bytes, point: bytes, data: bytes) -> bytes:
    return hmac_sha3_512(sha3_256(secret + point), data)


def _weights(
    public: bytes, blinded: Sequence[bytes], signed: Sequence[bytes], transcript: Transcript
) -> list[bytes]:
    """A scalar for each token, which depends on all of them."""
    transcript.protocol(table.BATCH_PROTOCOL)
    transcript.append(table.BATCH_X, group.BASE)
    transcript.append(table.BATCH_Y, public)
    transcript.append(table.BATCH_P, _as_go_prints(blinded))
    transcript.append(table.BATCH_Q, _as_go_prints(signed))
    prng = transcript.prng(table.BATCH_PRNG)
    return [group.reduce(prng.read(table.WIDE_SIZE)) for _ in blinded]


def _challenge(
    public: bytes, sums: tuple[bytes, bytes], commitments: tuple[bytes, bytes], transcript: Transcript
) -> bytes:
    transcript.append(table.PROOF_X, group.BASE)
    transcript.append(table.PROOF_Y, public)
    transcript.append(table.PROOF_P, sums[0])
    transcript.append(table.PROOF_Q, sums[1])
    transcript.append(table.PROOF_A, commitments[0])
    transcript.append(table.PROOF_B, commitments[1])
    return group.reduce(transcript.challenge(table.PROOF_CHALLENGE, table.WIDE_SIZE))


def _as_go_prints(points: Sequence[bytes]) -> bytes:
    """A slice of structs of one point each, as Go's %v prints it (wire-server §2.5)."""
    return b"[" + b" ".join(b"{%b}" % base64.b64encode(point) for point in points) + b"]"
