"""Overlays: byte for byte as Go writes them, and never an error for what can't be read."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtchd.protocol.errors import LocalProtocolError
from cwtchd.protocol.model import Onion, Overlay
from cwtchd.protocol.wire.overlay import (
    content_hash,
    decode_overlay,
    decode_quote,
    encode_overlay,
    encode_quote,
)
from tests.support.vectors import named, vectors

VECTORS = vectors("overlay")

texts = st.text(st.characters(codec="utf-8"))


@pytest.mark.parametrize("case", VECTORS["written"], ids=named)
def test_wrappers_are_written_as_go_writes_them(case: dict[str, Any]) -> None:
    overlay = Overlay(case["kind"], case["data"])
    assert encode_overlay(overlay) == case["wrapper"]
    assert decode_overlay(case["wrapper"]) == decode_overlay(case["wrapper"].encode()) == overlay


@pytest.mark.parametrize("case", VECTORS["read"], ids=named)
def test_other_spellings_are_read(case: dict[str, Any]) -> None:
    for wrapper in (case["wrapper"], case["wrapper"].encode()):
        assert decode_overlay(wrapper) == Overlay(case["kind"], case["data"])


@pytest.mark.parametrize("case", VECTORS["refused"], ids=named)
def test_what_is_no_wrapper(case: dict[str, Any]) -> None:
    assert decode_overlay(case["wrapper"]) is None
    assert decode_overlay(case["wrapper"].encode()) is None


@pytest.mark.parametrize("case", VECTORS["content_hashes"], ids=lambda case: case["source"])
def test_content_hash_of_the_specification(case: dict[str, Any]) -> None:
    sender = Onion(case["sender"])
    assert content_hash(sender, case["wrapper"]) == case["hash"]
    assert content_hash(sender, case["wrapper"].encode()) == case["hash"]
    assert content_hash(sender, case["wrapper"] + " ") != case["hash"]


@given(st.integers(0, 2**31 - 1), texts)
def test_any_text_arrives_and_is_plain_json(kind: int, text: str) -> None:
    wrapper = encode_overlay(Overlay(kind, text))
    assert decode_overlay(wrapper.encode()) == Overlay(kind, text)
    assert json.loads(wrapper) == {"o": kind, "d": text}
    assert not set("<>&\u2028\u2029") & set(wrapper)


@given(texts, texts)
def test_any_quote_arrives(quoted: str, body: str) -> None:
    assert decode_quote(encode_quote(quoted, body)) == (quoted, body)
    wrapper = encode_overlay(Overlay(10, encode_quote(quoted, body)))
    overlay = decode_overlay(wrapper)
    assert overlay is not None
    assert decode_quote(overlay.data) == (quoted, body)


@pytest.mark.parametrize(
    "data", ["", "{}", '{"body":"hi"}', '{"quotedHash":"x"}', '{"quotedHash":"x","body":1}']
)
def test_a_quote_needs_both_fields(data: str) -> None:
    assert decode_quote(data) is None


def test_lone_surrogates_are_our_own_fault() -> None:
    with pytest.raises(LocalProtocolError):
        encode_overlay(Overlay(1, "a\ud800"))
    with pytest.raises(LocalProtocolError):
        encode_quote("hash", "\udfff")


def test_nesting_and_size_are_bounded() -> None:
    assert decode_overlay('{"o":1,"d":"x","y":' + "[" * 60_000) is None
    assert decode_overlay('{"o":1,"d":"x","y":' + "[" * 20_000 + "]" * 20_000 + "}") is None
    assert decode_overlay('{"o":1,"d":"' + "x" * (64 << 10) + '"}') is None
    assert decode_overlay('{"o":' + "1" * 60_000 + ',"d":"x"}') is None


def test_what_a_message_says_shows_in_no_repr() -> None:
    assert "secret" not in repr(Overlay(1, "secret"))
