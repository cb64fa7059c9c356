"""What a board and its guest say: Go's JSON, what is ignored, and what is refused."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwtchd.protocol.crypto.onion import identity_from_seed
from cwtchd.protocol.errors import RemoteProtocolError
from cwtchd.protocol.model import EncryptedGroupMessage, SpentToken
from cwtchd.protocol.server_table import REPLAY_LIMIT
from cwtchd.protocol.wire import token_board
from cwtchd.protocol.wire.constants import MESSAGE_LIMIT
from cwtchd.protocol.wire.token_board import (
    NewMessage,
    PostRequest,
    PostResult,
    ReplayRequest,
    ReplayResult,
    Row,
    decode_answer,
    decode_request,
    encode_group_message,
    encode_new_message,
    encode_post_request,
    encode_post_result,
    encode_replay_request,
    encode_replay_result,
    spending_data,
)

MESSAGE = EncryptedGroupMessage(b"\x01\x02", b"\x03\x04")
TOKEN = SpentToken(b"t", b"mac")
EGM = '{"Ciphertext":"AQI=","Signature":"AwQ="}'
messages = st.builds(EncryptedGroupMessage, st.binary(max_size=300), st.binary(max_size=80))


def test_gos_own_bytes() -> None:
    assert encode_group_message(MESSAGE).decode() == EGM
    assert encode_replay_request(None) == b'{"MessageType":0,"ReplayRequest":{"LastCommit":null}}'
    assert encode_replay_request(b"\x03\x04") == b'{"MessageType":0,"ReplayRequest":{"LastCommit":"AwQ="}}'
    assert encode_replay_result(7) == b'{"MessageType":1,"ReplayResult":{"NumMessages":7}}'
    assert encode_post_request(MESSAGE, TOKEN).decode() == (
        f'{{"MessageType":2,"PostRequest":{{"Token":{{"T":"dA==","MAC":"bWFj"}},"EGM":{EGM}}}}}'
    )
    assert encode_post_result(True) == b'{"MessageType":3,"PostResult":{"Success":true}}'
    assert encode_post_result(False) == b'{"MessageType":3,"PostResult":{"Success":false}}'
    assert encode_new_message(MESSAGE).decode() == f'{{"MessageType":4,"NewMessage":{{"EGM":{EGM}}}}}'


def test_a_token_is_bound_to_the_message_and_the_server() -> None:
    """wire-server 2.8's data."""
    server = identity_from_seed(bytes(32)).onion
    assert spending_data(MESSAGE, server).decode() == EGM + server


@pytest.mark.parametrize(("ciphertext", "size"), [(2712, 3934), (5874, 8150)])
def test_the_largest_post_fits_a_packet(ciphertext: int, size: int) -> None:
    """wire-server 3.5 and 4.5."""
    post = encode_post_request(
        EncryptedGroupMessage(bytes(ciphertext), bytes(64)), SpentToken(bytes(32), bytes(64))
    )
    assert len(post) == size


@given(messages, st.none() | st.binary(min_size=1, max_size=64), st.binary(max_size=40), st.booleans())
def test_they_are_read_as_they_were_written(
    message: EncryptedGroupMessage, commit: bytes | None, secret: bytes, success: bool
) -> None:
    token = SpentToken(secret, secret * 2)
    assert decode_request(encode_replay_request(commit)) == ReplayRequest(commit)
    assert decode_request(encode_post_request(message, token)) == PostRequest(message, token)
    assert decode_answer(encode_replay_result(len(secret))) == ReplayResult(len(secret))
    assert decode_answer(encode_post_result(success)) == PostResult(success)
    assert decode_answer(encode_new_message(message)) == NewMessage(message)
    assert decode_answer(encode_group_message(message)) == Row(message)


@given(messages, st.sampled_from(["go", "spaced", "swapped", "lower", "more"]))
def test_a_row_in_any_spelling_is_the_same_row(message: EncryptedGroupMessage, spelling: str) -> None:
    fields: dict[str, Any] = {
        "Ciphertext": base64.b64encode(message.ciphertext).decode(),
        "Signature": base64.b64encode(message.signature).decode(),
    }
    match spelling:
        case "swapped":
            fields = dict(reversed(fields.items()))
        case "lower":
            fields = {name.lower(): value for name, value in fields.items()}
        case "more":
            fields["Signature2"] = {"a": [1]}
    separators = (", ", ": ") if spelling == "spaced" else (",", ":")
    assert decode_answer(json.dumps(fields, separators=separators).encode()) == Row(message)


BASE64 = b'ABCQgw+/=-_"\\\\n\n\x00\xff{}:,'


@given(
    st.sampled_from(
        [encode_group_message(MESSAGE), encode_new_message(MESSAGE), encode_post_request(MESSAGE, TOKEN)]
    ),
    st.lists(
        st.tuples(
            st.integers(0, 130),
            st.integers(0, 3),
            st.binary(max_size=2)
            | st.sampled_from(
                [bytes([byte]) for byte in BASE64]
                + [b'"Ciphertext":"AQ==",', b'"ciphertext":"AQ==",', b'"T":"",', b" ", b"\\u0041"]
            ),
        ),
        max_size=2,
    ),
)
@settings(max_examples=300)
def test_the_fast_reading_is_the_slow_one(data: bytes, changes: list[tuple[int, int, bytes]]) -> None:
    """Whatever is changed in what Go writes: both read it alike, or the fast one leaves it to the slow one."""
    changed = bytearray(data)
    for at, length, put in changes:
        changed[at : at + length] = put
    same = bytes(changed)
    for fast, slow in (
        (decode_answer, token_board._read_answer),
        (decode_request, token_board._read_request),
    ):
        assert outcome(fast, same) == outcome(slow, same)


def outcome(decode: Callable[[bytes], object], data: bytes) -> object:
    try:
        return decode(data)
    except RemoteProtocolError as error:
        return str(error)


@pytest.mark.parametrize(
    ("data", "row"),
    [
        (b'{"Ciphertext":"AQI=","Signature":"AwQ=","Signature":"AQ=="}', (b"\1\2", b"\1")),
        (b'{"Ciphertext":"AQI=\\n","Signature":"AwQ="}', (b"\1\2", b"\3\4")),
        (b'{"Ciphertext":"\\u0041QI=","Signature":"AwQ="}', (b"\1\2", b"\3\4")),
        (b'{"Ciphertext":null,"Signature":"AwQ="}', (b"", b"\3\4")),
        (b'{"Ciphertext":"","Signature":""}', (b"", b"")),
        (b"{}", (b"", b"")),
    ],
)
def test_rows_that_are_not_as_go_writes_them(data: bytes, row: tuple[bytes, bytes]) -> None:
    assert decode_answer(data) == Row(EncryptedGroupMessage(*row))


@pytest.mark.parametrize(
    "data",
    [
        b'{"Ciphertext":"AQI","Signature":"AwQ="}',
        b'{"Ciphertext":"AQI=AQI=","Signature":"AwQ="}',
        b'{"Ciphertext":"A-I=","Signature":"AwQ="}',
        b'{"Ciphertext":"AQI=","Signature":"}',
        b'{"Ciphertext":"AQI=","Signature":"AwQ="}x',
        b'{"Ciphertext":"","Signature":"' + b"A" * MESSAGE_LIMIT + b'"}',
        b'{"Ciphertext":7,"Signature":"AwQ="}',
    ],
)
def test_rows_that_are_none(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        decode_answer(data)


@pytest.mark.parametrize("commit", ["null", '""'])
def test_no_commit_is_none(commit: str) -> None:
    asked = f'{{"MessageType":0,"ReplayRequest":{{"LastCommit":{commit}}}}}'
    assert decode_request(asked.encode()) == ReplayRequest(None)
    assert decode_request(b'{"ReplayRequest":{}}') == ReplayRequest(None)


def test_names_match_without_regard_to_case_and_unknown_ones_are_ignored() -> None:
    data = (
        f'{{"postrequest":{{"egm":{EGM},"TOKEN":{{"mac":"bWFj","t":"dA=="}},"x":[]}},"messageTYPE":2,"y":1}}'
    )
    assert decode_request(data.encode()) == PostRequest(MESSAGE, TOKEN)


@pytest.mark.parametrize("kind", [-1, 5, 99, 1 << 70])
def test_a_type_that_is_unknown_is_ignored(kind: int) -> None:
    data = f'{{"MessageType":{kind},"Whatever":1}}'.encode()
    assert decode_request(data) is None
    assert decode_answer(data) is None


def test_a_type_that_only_the_other_side_may_send_is_ignored() -> None:
    for data in (
        encode_replay_result(1),
        encode_post_result(True),
        encode_new_message(MESSAGE),
        b'{"MessageType":1}',
    ):
        assert decode_request(data) is None
    for data in (encode_replay_request(None), encode_post_request(MESSAGE, TOKEN)):
        assert decode_answer(data) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"[]",
        b"null",
        b"{}",
        b'{"MessageType":0}',
        b'{"MessageType":0,"ReplayRequest":null}',
        b'{"MessageType":0,"ReplayRequest":[]}',
        b'{"MessageType":0,"ReplayRequest":{"LastCommit":7}}',
        b'{"MessageType":0,"ReplayRequest":{"LastCommit":"!"}}',
        b'{"MessageType":2}',
        b'{"MessageType":2,"PostRequest":{"EGM":{}}}',
        b'{"MessageType":2,"PostRequest":{"Token":{},"EGM":[]}}',
        b'{"MessageType":"2","PostRequest":{"Token":{},"EGM":{}}}',
        b'{"MessageType":2.0,"PostRequest":{"Token":{},"EGM":{}}}',
        b'{"MessageType":true}',
        b'{"MessageType":1e400}',
        b'{"MessageType":' + b"9" * 5000 + b"}",
        b"[" * 8000,
        b'{"MessageType":0,"ReplayRequest":{}}'.ljust(MESSAGE_LIMIT + 1),
    ],
)
def test_what_no_guest_may_send(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        decode_request(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b'{"MessageType":1}',
        b'{"MessageType":3}',
        b'{"MessageType":4}',
        b'{"MessageType":3,"PostResult":{"Success":1}}',
        b'{"MessageType":3,"PostResult":{"Success":"true"}}',
        b'{"MessageType":1,"ReplayResult":{"NumMessages":-1}}',
        b'{"MessageType":1,"ReplayResult":{"NumMessages":1.5}}',
        b'{"MessageType":1,"ReplayResult":{"NumMessages":true}}',
        b'{"MessageType":1,"ReplayResult":{"NumMessages":"7"}}',
        f'{{"MessageType":1,"ReplayResult":{{"NumMessages":{REPLAY_LIMIT + 1}}}}}'.encode(),
        b'{"MessageType":4,"NewMessage":{"EGM":7}}',
    ],
)
def test_what_no_board_may_send(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        decode_answer(data)


def test_what_is_missing_is_gos_zero_value() -> None:
    assert decode_answer(b'{"MessageType":1,"ReplayResult":{}}') == ReplayResult(0)
    assert decode_answer(b'{"MessageType":3,"PostResult":{}}') == PostResult(False)
    nothing = EncryptedGroupMessage(b"", b"")
    assert decode_answer(b'{"MessageType":4,"NewMessage":{}}') == NewMessage(nothing)
    assert decode_request(b'{"MessageType":2,"PostRequest":{"Token":{}}}') == PostRequest(
        nothing, SpentToken(b"", b"")
    )
