"""Tokens: the specification's vector, what a server is refused, and what a guest notices of a server that lies."""

import base64
import hashlib
import os
from dataclasses import replace

import pytest

from cwtchd.protocol.crypto import group
from cwtchd.protocol.crypto.privacypass import (
    BlindedToken,
    SignedBatch,
    TokenKey,
    blind,
    sign,
    spend,
    unblind,
    verify,
)
from cwtchd.protocol.crypto.proof_of_work import begin, end
from cwtchd.protocol.crypto.transcript import Transcript
from cwtchd.protocol.errors import RemoteProtocolError
from cwtchd.protocol.model import SpentToken, Token
from cwtchd.protocol.server_table import TOKEN_PROTOCOL, TRANSCRIPT_LABEL
from cwtchd.protocol.wire.token import encode_batch, encode_blinded
from tests.support.link import ready
from tests.support.vectors import vectors

VECTOR = vectors("tokens")
KEY = TokenKey.of((12345).to_bytes(32, "little"))
OTHER_KEY = TokenKey.of((54321).to_bytes(32, "little"))
IDENTITY = bytes(32)
NON_CANONICAL = bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")


def transcript(name: bytes = b"t") -> Transcript:
    return Transcript(name)


def points(blinded: list[BlindedToken]) -> list[bytes]:
    return [token.point for token in blinded]


def some(count: int = 3) -> list[BlindedToken]:
    return [blind(os.urandom) for _ in range(count)]


def sha512(text: str) -> bytes:
    return hashlib.sha512(text.encode()).digest()


class TestVector:
    key = TokenKey.new(ready(sha512(VECTOR["key_wide"])))
    blinded = [  # noqa: RUF012 - never changed
        blind(ready(hashlib.sha256(f"tok{number}".encode()).digest(), sha512(f"r{number}")))
        for number in range(10)
    ]

    def transcript(self) -> Transcript:
        """The connection's, up to the batch."""
        told = Transcript(TRANSCRIPT_LABEL)
        begin(told, VECTOR["seed"].encode())
        end(told, bytes.fromhex(VECTOR["solution"]))
        told.protocol(TOKEN_PROTOCOL)
        return told

    def signed(self) -> SignedBatch:
        return sign(self.key, points(self.blinded), self.transcript(), ready(sha512(VECTOR["nonce_wide"])))

    def test_the_public_key(self) -> None:
        assert base64.b64encode(self.key.public).decode() == VECTOR["public"]

    def test_the_proof(self) -> None:
        batch = self.signed()
        assert base64.b64encode(batch.challenge).decode() == VECTOR["C"]
        assert base64.b64encode(batch.response).decode() == VECTOR["S"]

    def test_a_token_unblinded_and_spent(self) -> None:
        tokens = unblind(self.key.public, self.blinded, self.signed(), self.transcript())
        assert tokens[0].secret == hashlib.sha256(b"tok0").digest()
        assert tokens[0].point.hex() == VECTOR["W"]
        spent = spend(tokens[0], VECTOR["data"].encode())
        assert spent.mac.hex() == VECTOR["MAC"]
        assert verify(self.key, spent, VECTOR["data"].encode())

    def test_the_sizes_on_the_wire(self) -> None:
        assert len(encode_blinded(points(self.blinded))) == VECTOR["blinded_batch_size"]
        assert len(encode_batch(self.signed())) == VECTOR["signed_batch_size"]


@pytest.mark.parametrize("count", [1, 2, 10, 32])
def test_a_batch_of_any_size_gives_tokens_that_hold(count: int) -> None:
    blinded = some(count)
    batch = sign(KEY, points(blinded), transcript(), os.urandom)
    tokens = unblind(KEY.public, blinded, batch, transcript())
    assert [token.secret for token in tokens] == [token.secret for token in blinded]
    for token in tokens:
        assert verify(KEY, spend(token, b"data"), b"data")
    assert len({token.point for token in tokens}) == count


def test_both_transcripts_say_the_same_afterwards() -> None:
    ours, theirs, blinded = transcript(), transcript(), some()
    unblind(KEY.public, blinded, sign(KEY, points(blinded), ours, os.urandom), theirs)
    assert ours.challenge(b"x", 32) == theirs.challenge(b"x", 32)


def test_the_server_can_not_tell_a_token_from_what_it_signed() -> None:
    """Everything that the server saw is blinded anew for the same secret."""
    secret = os.urandom(32)
    first, second = (blind(ready(secret, os.urandom(64))) for _ in range(2))
    assert first.point != second.point
    tokens = {
        unblind(KEY.public, [each], sign(KEY, [each.point], transcript(), os.urandom), transcript())
        for each in (first, second)
    }
    assert len(tokens) == 1


# --- the server is refused nothing honest, and refuses ---------------------------------------------------------------


@pytest.mark.parametrize("bad", [IDENTITY, NON_CANONICAL, bytes(31), b"\xff" * 32])
@pytest.mark.parametrize("place", [0, 2])
def test_a_batch_with_what_is_no_point_is_not_signed(bad: bytes, place: int) -> None:
    batch = points(some())
    batch[place] = bad
    with pytest.raises(RemoteProtocolError, match="point"):
        sign(KEY, batch, transcript(), os.urandom)


def test_a_batch_of_none_is_not_signed() -> None:
    with pytest.raises(RemoteProtocolError, match="no tokens"):
        sign(KEY, [], transcript(), os.urandom)


def test_a_batch_whose_points_cancel_out_is_signed_like_any_other() -> None:
    """P and -P: their weights differ, so that their weighted sum is no identity."""
    point = group.multiply_base((5).to_bytes(32, "little"))
    opposite = group.multiply_base((group.ORDER - 5).to_bytes(32, "little"))
    sign(KEY, [point, opposite, point, point], transcript(), os.urandom)


@pytest.mark.parametrize(
    "scalar", [bytes(32), group.ORDER.to_bytes(32, "little"), b"\xff" * 32, b"", bytes(33)]
)
def test_a_key_is_a_scalar_that_is_not_zero(scalar: bytes) -> None:
    with pytest.raises(ValueError, match="scalar"):
        TokenKey.of(scalar)


# --- a server that lies ----------------------------------------------------------------------------------------------


def refused(blinded: list[BlindedToken], batch: SignedBatch, *, public: bytes = KEY.public) -> str:
    with pytest.raises(RemoteProtocolError) as raised:
        unblind(public, blinded, batch, transcript())
    return str(raised.value)


def changed(batch: SignedBatch, field: str, scalar: bytes) -> SignedBatch:
    return replace(batch, challenge=scalar) if field == "challenge" else replace(batch, response=scalar)


def test_another_key_than_the_published_one() -> None:
    blinded = some()
    batch = sign(OTHER_KEY, points(blinded), transcript(), os.urandom)
    assert "key that it published" in refused(blinded, batch)


def test_one_token_signed_with_another_key() -> None:
    """What would mark one guest's token: the batch's proof is over each of them."""
    blinded = some()
    batch = sign(KEY, points(blinded), transcript(), os.urandom)
    marked = group.multiply(OTHER_KEY.scalar, blinded[1].point)
    batch = replace(batch, signed=(batch.signed[0], marked, batch.signed[2]))
    assert "does not hold" in refused(blinded, batch)


def test_tokens_swapped() -> None:
    blinded = some()
    batch = sign(KEY, points(blinded), transcript(), os.urandom)
    swapped = replace(batch, signed=(batch.signed[1], batch.signed[0], batch.signed[2]))
    assert "does not hold" in refused(blinded, swapped)


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_another_count(count: int) -> None:
    blinded = some()
    batch = sign(KEY, points(blinded), transcript(), os.urandom)
    assert "number" in refused(blinded, replace(batch, signed=(batch.signed * 2)[:count]))


@pytest.mark.parametrize("field", ["challenge", "response"])
@pytest.mark.parametrize("at", [0, 15, 30])
def test_a_proof_that_was_changed(field: str, at: int) -> None:
    blinded = some()
    batch = sign(KEY, points(blinded), transcript(), os.urandom)
    good = bytearray(getattr(batch, field))
    good[at] ^= 1
    assert "does not hold" in refused(blinded, changed(batch, field, bytes(good)))


@pytest.mark.parametrize("field", ["challenge", "response"])
@pytest.mark.parametrize("scalar", [bytes(32), group.ORDER.to_bytes(32, "little"), b"\xff" * 32, b"x"])
def test_a_proof_of_scalars_that_are_none(field: str, scalar: bytes) -> None:
    blinded = some()
    batch = sign(KEY, points(blinded), transcript(), os.urandom)
    assert "scalars" in refused(blinded, changed(batch, field, scalar))


def test_the_same_response_in_another_spelling() -> None:
    """Plus the group's order: the same scalar, refused all the same."""
    blinded = some()
    batch = sign(KEY, points(blinded), transcript(), os.urandom)
    other = int.from_bytes(batch.response, "little") + group.ORDER
    assert "scalars" in refused(blinded, replace(batch, response=other.to_bytes(32, "little")))


@pytest.mark.parametrize("bad", [IDENTITY, NON_CANONICAL])
def test_what_is_no_point(bad: bytes) -> None:
    blinded = some()
    batch = sign(KEY, points(blinded), transcript(), os.urandom)
    assert "point" in refused(blinded, replace(batch, signed=(bad, *batch.signed[1:])))
    assert "point" in refused(blinded, batch, public=bad)


def test_a_proof_of_another_connection() -> None:
    blinded = some()
    batch = sign(KEY, points(blinded), transcript(b"another"), os.urandom)
    assert "does not hold" in refused(blinded, batch)


# --- spending --------------------------------------------------------------------------------------------------------


def bought() -> Token:
    blinded = some(1)
    return unblind(KEY.public, blinded, sign(KEY, points(blinded), transcript(), os.urandom), transcript())[0]


def test_a_token_holds_for_what_it_was_bound_to_and_its_server_alone() -> None:
    token = bought()
    spent = spend(token, b"data")
    assert verify(KEY, spent, b"data")
    assert not verify(KEY, spent, b"other")
    assert not verify(OTHER_KEY, spent, b"data")
    assert not verify(KEY, SpentToken(os.urandom(32), spent.mac), b"data")
    assert not verify(KEY, spend(Token(token.secret, group.BASE), b"data"), b"data")


@pytest.mark.parametrize("mac", [b"", bytes(63), bytes(64), bytes(65)])
@pytest.mark.parametrize("secret", [b"", bytes(32), bytes(6000)])
def test_tokens_of_any_size_are_forgeries_and_nothing_worse(secret: bytes, mac: bytes) -> None:
    assert not verify(KEY, SpentToken(secret, mac), b"data")


def test_nothing_secret_is_in_a_repr() -> None:
    blinded = some(1)
    for value, secrets in (
        (KEY, [KEY.scalar]),
        (blinded[0], [blinded[0].secret, blinded[0].blind]),
        (bought(), []),
        (spend(bought(), b""), []),
    ):
        shown = repr(value)
        assert all(repr(secret)[2:20] not in shown for secret in secrets)
    assert repr(bought()) == "Token()"
