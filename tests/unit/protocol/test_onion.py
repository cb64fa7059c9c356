"""Addresses: what is one, and the sentence for what is none."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtchd.protocol.crypto.onion import (
    identity_from_seed,
    onion_of,
    parse_onion,
    public_key_of,
)
from cwtchd.protocol.errors import InvalidOnion
from tests.support.vectors import named, vectors

CASES = vectors("onion")["cases"]
WORD_OF_STAGE = {
    "length": "56 characters",
    "alphabet": "a-z and 2-7",
    "version": "version",
    "checksum": "checksum",
}

keys = st.binary(min_size=32, max_size=32)


@pytest.mark.parametrize("case", [case for case in CASES if "fails_at" not in case], ids=named)
def test_addresses_of_the_specification(case: dict[str, Any]) -> None:
    identity = identity_from_seed(bytes.fromhex(case["seed"]))
    assert identity.onion == case["onion"]
    assert parse_onion(case["onion"]) == identity.onion
    assert public_key_of(identity.onion) == identity.public_key


@pytest.mark.parametrize("case", [case for case in CASES if "fails_at" in case], ids=named)
def test_what_is_no_address_says_why(case: dict[str, Any]) -> None:
    with pytest.raises(InvalidOnion, match=WORD_OF_STAGE[case["fails_at"]]):
        parse_onion(case["onion"])


@given(keys)
def test_an_address_is_its_key(key: bytes) -> None:
    onion = onion_of(key)
    assert len(onion) == 56
    assert public_key_of(parse_onion(onion)) == key


@given(keys, st.integers(0, 55), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_one_mistyped_character_is_noticed(key: bytes, at: int, character: str) -> None:
    onion = onion_of(key)
    mistyped = onion[:at] + character + onion[at + 1 :]
    if mistyped != onion and not _collides(mistyped):
        with pytest.raises(InvalidOnion):
            parse_onion(mistyped)


def _collides(text: str) -> bool:
    """Whether two bytes of checksum happen to be right for another key, as for one in 65,536."""
    return onion_of(base64.b32decode(text.upper())[:32]) == text


def test_an_identity_shows_neither_key_nor_address() -> None:
    identity = identity_from_seed(bytes(32))
    assert repr(identity) == "Identity()"
