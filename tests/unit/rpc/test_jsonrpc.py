"""Lines to calls: whatever a caller sends, there is an answer, and nothing of it stands in the answer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from cwtchd.rpc import jsonrpc
from cwtchd.rpc.jsonrpc import Batch, Call, Fault, decode_line

CANARY = "canary-5f1c"


def test_a_call_with_and_without_params() -> None:
    assert decode_line(b'{"jsonrpc":"2.0","id":1,"method":"a.b"}') == Call("a.b", b"{}", 1)
    assert decode_line(b'{"jsonrpc":"2.0","method":"a","params":{"x":1}}') == Call("a", b'{"x":1}', UNSET)


@pytest.mark.parametrize(
    "line",
    [
        b"{not json}",
        b"{",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"jsonrpc":"2.0","id":1,"method":"a","params":' + b"[" * 200_000,
        b'{"jsonrpc":"2.0","id":1,"method":"\\ud800"}',
        b'{"jsonrpc":"2.0","id":1,"method":"a","params":{"x":"\xed\xa0\x80"}}',
        b'[{"jsonrpc":"2.0","id":1,"method":"a"}',
    ],
    ids=["word", "cut", "bytes", "brackets", "braces", "deep params", "surrogate", "utf-8", "cut batch"],
)
def test_what_is_not_json_is_a_parse_error(line: bytes) -> None:
    assert decode_line(line) is jsonrpc.PARSE_ERROR


@pytest.mark.parametrize(
    "line",
    [
        b"[]",
        b"7",
        b'"x"',
        b"null",
        b'{"jsonrpc":"1.0","id":7,"method":"daemon.status"}',
        b'{"jsonrpc":"2.0","id":7}',
        b'{"jsonrpc":"2.0","id":[1],"method":"a"}',
        b'{"jsonrpc":"2.0","id":1,"method":5}',
    ],
)
def test_what_is_no_request_is_an_invalid_request(line: bytes) -> None:
    assert decode_line(line) is jsonrpc.INVALID_REQUEST


def test_a_batch_is_bounded_and_its_parts_fail_alone() -> None:
    one = {"jsonrpc": "2.0", "id": 1, "method": "a"}
    batch = decode_line(json.dumps([one, 7, one]).encode())
    assert isinstance(batch, Batch)
    assert [type(call) for call in batch.calls] == [Call, Fault, Call]
    refused = decode_line(json.dumps([one] * 101).encode())
    assert isinstance(refused, Fault)
    assert refused.data == {"name": "batch_too_large", "limit": 100, "size": 101}
    assert isinstance(decode_line(json.dumps([one] * 100).encode()), Batch)


@given(st.binary(max_size=4000))
def test_whatever_the_bytes_there_is_an_answer(line: bytes) -> None:
    assert isinstance(decode_line(line), Call | Batch | Fault)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(st.dictionaries(st.sampled_from(["jsonrpc", "id", "method", "params", "x"]), json_values))
def test_whatever_the_json_there_is_an_answer(value: dict[str, object]) -> None:
    asked = decode_line(json.dumps(value).encode())
    assert isinstance(asked, Call | Fault)
    if isinstance(asked, Call) and asked.id is not UNSET:
        answered = json.loads(jsonrpc.encode_result(asked.id, None))
        assert answered["id"] == value.get("id")


def test_no_fault_quotes_its_caller() -> None:
    for line in (CANARY.encode(), f'{{"jsonrpc":"2.0","id":"{CANARY}"}}'.encode(), f'["{CANARY}"]'.encode()):
        asked = decode_line(line)
        faults = (
            [call for call in asked.calls if isinstance(call, Fault)] if isinstance(asked, Batch) else [asked]
        )
        for fault in faults:
            assert isinstance(fault, Fault)
            assert CANARY.encode() not in jsonrpc.encode_fault(None, fault)
