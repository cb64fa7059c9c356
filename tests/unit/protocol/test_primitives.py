"""The door to cryptography: sealing, deriving, comparing, and points that are refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl import bindings

from cwtchd.protocol.crypto import primitives
from cwtchd.protocol.crypto.onion import expanded_key
from cwtchd.protocol.errors import ProtocolError, RemoteProtocolError
from tests.support.vectors import named, vectors

KEY = bytes(range(32))
NONCE = bytes(range(24))
SALT = bytes(32)
CHEAP = {"memory_bytes": 8192, "passes": 1}

seeds = st.binary(min_size=32, max_size=32)


@given(st.binary(max_size=300), st.binary(min_size=24, max_size=24))
def test_what_is_sealed_opens_and_begins_with_its_nonce(plaintext: bytes, nonce: bytes) -> None:
    sealed = primitives.seal(KEY, plaintext, nonce)
    assert sealed.startswith(nonce)
    assert len(sealed) == 40 + len(plaintext)
    assert primitives.open_sealed(KEY, sealed) == plaintext


@given(st.integers(0, 24 + 16 + 5 - 1), st.integers(0, 7))
def test_no_bit_of_what_is_sealed_may_change(at: int, bit: int) -> None:
    sealed = bytearray(primitives.seal(KEY, b"hello", NONCE))
    sealed[at] ^= 1 << bit
    with pytest.raises(primitives.SealBroken):
        primitives.open_sealed(KEY, bytes(sealed))


@given(st.binary(max_size=100))
def test_other_bytes_do_not_open(sealed: bytes) -> None:
    with pytest.raises(primitives.SealBroken):
        primitives.open_sealed(KEY, sealed)


def test_another_key_does_not_open() -> None:
    with pytest.raises(primitives.SealBroken):
        primitives.open_sealed(bytes(32), primitives.seal(KEY, b"hello", NONCE))


def test_a_broken_seal_is_an_error_of_the_protocol() -> None:
    assert issubclass(primitives.SealBroken, ProtocolError)


def test_a_derived_key_depends_on_everything_that_goes_in() -> None:
    key = primitives.derive_key(b"password", SALT, **CHEAP)
    assert len(key) == 32
    assert key == primitives.derive_key(b"password", SALT, **CHEAP)
    others = {
        primitives.derive_key(b"passwore", SALT, **CHEAP),
        primitives.derive_key(b"password", bytes(31) + b"\1", **CHEAP),  # beyond libsodium's 16 bytes
        primitives.derive_key(b"password", SALT, memory_bytes=16384, passes=1),
        primitives.derive_key(b"password", SALT, memory_bytes=8192, passes=2),
    }
    assert len(others | {key}) == 5


def test_the_derived_key_never_changes() -> None:
    """Profiles are sealed under it: a change here locks everybody out. Own vector, computed with this program."""
    key = primitives.derive_key("pässword".encode(), bytes(range(32)), **CHEAP)
    assert key.hex() == "a73c0310480ae595a9e6656dee889a874d46d487aef71601d85e4115e4335d37"


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_equal_is_equality(one: bytes, other: bytes) -> None:
    assert primitives.equal(one, other) == (one == other)
    assert primitives.equal(one, bytes(one))


def test_random_bytes_have_their_size_and_differ() -> None:
    assert len(primitives.random_bytes(24)) == 24
    assert primitives.random_bytes(24) != primitives.random_bytes(24)


@given(seeds, seeds)
def test_both_sides_of_an_exchange_find_the_same_secret(one: bytes, other: bytes) -> None:
    mine = primitives.diffie_hellman(one, primitives.public_key_of_seed(other))
    theirs = primitives.diffie_hellman(other, primitives.public_key_of_seed(one))
    assert mine == theirs
    assert len(mine) == 32


@given(seeds)
def test_an_expanded_key_has_the_seeds_public_key(seed: bytes) -> None:
    expanded = expanded_key(seed)
    assert len(expanded) == 64
    public = bindings.crypto_scalarmult_ed25519_base_noclamp(expanded[:32])
    assert public == primitives.public_key_of_seed(seed)


@pytest.mark.parametrize("case", vectors("handshake")["refused_points"], ids=named)
def test_points_that_would_give_a_known_secret_are_refused(case: dict[str, Any]) -> None:
    with pytest.raises(RemoteProtocolError):
        primitives.diffie_hellman(KEY, bytes.fromhex(case["point"]))


@given(seeds, st.binary(max_size=100), st.integers(0, 63), st.integers(0, 7))
def test_a_signature_is_its_owners_over_this_message(seed: bytes, message: bytes, at: int, bit: int) -> None:
    public, signature = primitives.public_key_of_seed(seed), primitives.sign(seed, message)
    assert len(signature) == 64
    assert primitives.signed_by(public, message, signature)
    changed = bytearray(signature)
    changed[at] ^= 1 << bit
    assert not primitives.signed_by(public, message, bytes(changed))
    assert not primitives.signed_by(public, message + b"x", signature)
    assert not primitives.signed_by(
        primitives.public_key_of_seed(bytes(32)), message, signature
    ) or seed == bytes(32)


@pytest.mark.parametrize("case", vectors("handshake")["refused_points"], ids=named)
def test_a_key_that_is_no_usable_point_has_signed_nothing(case: dict[str, Any]) -> None:
    assert not primitives.signed_by(bytes.fromhex(case["point"]), b"message", bytes(64))


def test_a_signature_of_another_size_is_none() -> None:
    public, signature = primitives.public_key_of_seed(bytes(32)), primitives.sign(bytes(32), b"message")
    for bad in (b"", signature[:-1], signature + b"\0"):
        assert not primitives.signed_by(public, b"message", bad)
    # The last byte belongs to the signature, not to the message.
    assert not primitives.signed_by(public, b"essage", signature + b"m")


def test_ed25519_and_hmac_by_others_vectors() -> None:
    """RFC 8032 7.1, test 1; HMAC-SHA3-512 by its definition, with a block of 72 bytes."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    assert primitives.sign(seed, b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    key = b"k" * 32
    inner, outer = (bytes(byte ^ pad for byte in key.ljust(72, b"\0")) for pad in (0x36, 0x5C))
    expected = primitives.sha3_512(outer + primitives.sha3_512(inner + b"data"))
    assert primitives.hmac_sha3_512(key, b"data") == expected
