"""Peer messages: both versions, the largest data that fits, and what is dropped."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtchd.protocol.errors import LocalProtocolError, MessageTooLarge, RemoteProtocolError
from cwtchd.protocol.model import PeerMessage, PeerVersion
from cwtchd.protocol.wire import constants
from cwtchd.protocol.wire.peer import data_limit, decode_peer_message, encode_peer_message
from tests.support.pair import chat
from tests.support.vectors import named, vectors

VECTORS = vectors("peer_message")
WORD_OF_STAGE = {"json": "JSON", "base64": "base64", "bars": "bars", "word": "letters, digits and dots"}

words = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.", min_size=1, max_size=256)
versions = st.sampled_from(PeerVersion)


def message_of(case: dict[str, Any]) -> PeerMessage:
    return PeerMessage(case["id"], case["context"], case["data"].encode())


@pytest.mark.parametrize("case", VECTORS["written"], ids=named)
def test_messages_of_the_specification(case: dict[str, Any]) -> None:
    version, wire = PeerVersion(case["version"]), case["wire"].encode()
    assert encode_peer_message(version, message_of(case)) == wire
    assert decode_peer_message(version, wire) == message_of(case)
    assert len(wire) == case.get("size", len(wire))


@pytest.mark.parametrize("case", VECTORS["read"], ids=named)
def test_other_spellings_are_read(case: dict[str, Any]) -> None:
    assert decode_peer_message(PeerVersion(case["version"]), case["wire"].encode()) == message_of(case)


@pytest.mark.parametrize("case", VECTORS["refused"], ids=named)
def test_what_is_refused(case: dict[str, Any]) -> None:
    with pytest.raises(RemoteProtocolError, match=WORD_OF_STAGE[case["fails_at"]]):
        decode_peer_message(PeerVersion(case["version"]), case["wire"].encode())


@pytest.mark.parametrize("case", VECTORS["limits"], ids=lambda case: f"version {case['version']}")
def test_limits_of_the_specification(case: dict[str, Any]) -> None:
    assert data_limit(PeerVersion(case["version"]), "1234567890", constants.CONTEXT_RAW) == case["limit"]


@given(versions, words, words, st.binary(max_size=1000))
def test_any_message_arrives(version: PeerVersion, message_id: str, context: str, data: bytes) -> None:
    message = PeerMessage(message_id, context, data)
    assert decode_peer_message(version, encode_peer_message(version, message)) == message


@given(words, words, st.binary(max_size=1000))
def test_version_1_is_read_on_a_connection_of_version_2(message_id: str, context: str, data: bytes) -> None:
    message = PeerMessage(message_id, context, data)
    assert decode_peer_message(PeerVersion.V2, encode_peer_message(PeerVersion.V1, message)) == message


@given(versions, words, words)
def test_the_limit_is_what_fits_and_no_more(version: PeerVersion, message_id: str, context: str) -> None:
    limit = data_limit(version, message_id, context)
    largest = PeerMessage(message_id, context, b"x" * limit)
    encoded = encode_peer_message(version, largest)
    # Three bytes more of base64 would not fit, nor would one byte more of raw data.
    assert constants.MESSAGE_LIMIT - 4 < len(encoded) <= constants.MESSAGE_LIMIT
    assert decode_peer_message(version, encoded) == largest
    with pytest.raises(MessageTooLarge) as raised:
        encode_peer_message(version, PeerMessage(message_id, context, b"x" * (limit + 1)))
    assert (raised.value.size, raised.value.limit) == (limit + 1, limit)


@pytest.mark.parametrize("version", PeerVersion)
@pytest.mark.parametrize("place", ["id", "context"])
def test_words_of_256_characters_pass_and_longer_ones_do_not(version: PeerVersion, place: str) -> None:
    for size, fits in ((256, True), (257, False)):
        message_id, context = ("a" * size, "c") if place == "id" else ("1", "a" * size)
        wire = (
            f"{message_id}|{context}|".encode()
            if version is PeerVersion.V2
            else f'{{"ID":"{message_id}","Context":"{context}","Data":""}}'.encode()
        )
        if fits:
            assert decode_peer_message(version, wire) == PeerMessage(message_id, context, b"")
            continue
        with pytest.raises(RemoteProtocolError):
            decode_peer_message(version, wire)
        with pytest.raises(LocalProtocolError):
            encode_peer_message(version, PeerMessage(message_id, context, b""))


@pytest.mark.parametrize("word", ["a|b", "a b", "a\n", "é", "\ud800", '"'])
@pytest.mark.parametrize("version", PeerVersion)
def test_we_send_no_id_that_a_peer_would_drop(version: PeerVersion, word: str) -> None:
    with pytest.raises(LocalProtocolError):
        encode_peer_message(version, PeerMessage(word, "im.cwtch.raw", b""))
    with pytest.raises(LocalProtocolError):
        encode_peer_message(version, PeerMessage("1", word, b""))


@pytest.mark.parametrize("version", PeerVersion)
def test_size_is_bounded_before_anything_is_parsed(version: PeerVersion) -> None:
    with pytest.raises(RemoteProtocolError, match="longer"):
        decode_peer_message(version, b"1|c|" + bytes(8150))


def test_the_short_hands_say_what_they_are_named_after() -> None:
    assert chat("7", b"{}") == PeerMessage("7", "im.cwtch.raw", b"{}")
    assert constants.acknowledgement("7") == PeerMessage("7", "im.cwtch.acknowledgement", b"")
    assert "secret" not in repr(chat("7", b"secret"))
