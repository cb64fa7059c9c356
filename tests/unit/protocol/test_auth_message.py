"""The authentication message: written in Go's one spelling, read as leniently as Go reads."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtchd.protocol.crypto.primitives import public_key_of_seed
from cwtchd.protocol.errors import RemoteProtocolError
from cwtchd.protocol.wire.auth import AuthMessage, decode_auth, encode_auth
from tests.support.vectors import named, vectors

VECTORS = vectors("handshake")
SIDES = [VECTORS["accepted"][name] for name in ("outbound", "inbound")]
WORD_OF_STAGE = {"json": "JSON", "key size": "32 bytes"}

keys = st.binary(min_size=32, max_size=32)


@pytest.mark.parametrize("side", SIDES, ids=["outbound", "inbound"])
def test_messages_of_the_specification(side: dict[str, Any]) -> None:
    public = [public_key_of_seed(bytes.fromhex(side[name])) for name in ("long_term_seed", "ephemeral_seed")]
    message = AuthMessage(*public)
    assert encode_auth(message) == side["message"].encode()
    assert decode_auth(side["message"].encode()) == message


@given(keys, keys)
def test_any_two_keys_arrive_in_136_bytes(long_term: bytes, ephemeral: bytes) -> None:
    message = AuthMessage(long_term, ephemeral)
    assert len(encode_auth(message)) == 136
    assert decode_auth(encode_auth(message)) == message


@pytest.mark.parametrize("case", VECTORS["read_as_go_reads"], ids=named)
def test_other_spellings_are_read_and_marshalled_anew(case: dict[str, Any]) -> None:
    inbound = VECTORS["accepted"]["inbound"]["message"].encode()
    assert encode_auth(decode_auth(case["message"].encode())) == inbound


@pytest.mark.parametrize("case", VECTORS["refused_messages"], ids=named)
def test_what_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(RemoteProtocolError, match=WORD_OF_STAGE[case["fails_at"]]):
        decode_auth(case["message"].encode())


def test_size_is_bounded_before_anything_is_parsed() -> None:
    with pytest.raises(RemoteProtocolError, match="longer"):
        decode_auth(SIDES[0]["message"].encode() + b" " * 8192)


def test_deep_nesting_is_an_error_of_the_peer() -> None:
    with pytest.raises(RemoteProtocolError):
        decode_auth(b'{"x":' + b"[" * 8000)
