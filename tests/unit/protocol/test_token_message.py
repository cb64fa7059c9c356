"""What a token service and its guest say: Go's JSON, bounded."""

import base64
import json
from typing import Any

import pytest

from cwtchd.protocol.crypto.privacypass import SignedBatch
from cwtchd.protocol.errors import RemoteProtocolError
from cwtchd.protocol.model import SpentToken
from cwtchd.protocol.server_table import BATCH_LIMIT
from cwtchd.protocol.wire.gojson import read_object
from cwtchd.protocol.wire.token import (
    decode_batch,
    decode_blinded,
    encode_batch,
    encode_blinded,
    encode_spent,
    spent_of,
)

POINTS = tuple(bytes([number]) * 32 for number in range(1, 4))
BATCH = SignedBatch(POINTS, bytes([8]) * 32, bytes([9]) * 32)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_gos_own_bytes() -> None:
    assert encode_blinded(POINTS[:2]).decode() == f'[{{"P":"{b64(POINTS[0])}"}},{{"P":"{b64(POINTS[1])}"}}]'
    assert encode_batch(SignedBatch(POINTS[:1], *(BATCH.challenge, BATCH.response))).decode() == (
        f'{{"st":[{{"Q":"{b64(POINTS[0])}"}}],"dp":{{"C":"{b64(BATCH.challenge)}","S":"{b64(BATCH.response)}"}}}}'
    )
    assert encode_spent(SpentToken(b"t", b"mac")) == '{"T":"dA==","MAC":"bWFj"}'


def test_they_are_read_as_they_were_written() -> None:
    assert decode_blinded(encode_blinded(POINTS)) == POINTS
    assert decode_batch(encode_batch(BATCH)) == BATCH
    token = SpentToken(bytes(32), bytes(64))
    assert spent_of(read_object(encode_spent(token), 1000)) == token


def test_names_match_without_regard_to_case_and_unknown_ones_are_ignored() -> None:
    points = json.dumps([{"p": b64(POINTS[0]), "x": 1.5}, {"P": b64(POINTS[1])}])
    assert decode_blinded(points.encode()) == POINTS[:2]
    batch = {
        "DP": {"c": b64(BATCH.challenge), "s": b64(BATCH.response)},
        "ST": [{"q": b64(POINTS[0])}],
        "v": 1,
    }
    assert decode_batch(json.dumps(batch).encode()).signed == POINTS[:1]


def test_a_batch_has_1_to_32_points() -> None:
    assert len(decode_blinded(encode_blinded(POINTS[:1] * BATCH_LIMIT))) == BATCH_LIMIT
    for count in (0, BATCH_LIMIT + 1, 10_000):
        with pytest.raises(RemoteProtocolError):
            decode_blinded(encode_blinded(POINTS[:1] * count))
        with pytest.raises(RemoteProtocolError):
            decode_batch(encode_batch(SignedBatch(POINTS[:1] * count, BATCH.challenge, BATCH.response)))


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        7,
        "x",
        [None],
        [[]],
        ["x"],
        [{}],
        [{"P": None}],
        [{"P": 7}],
        [{"P": "!"}],
        [{"P": b64(bytes(31))}],
        [{"P": b64(bytes(33))}],
        [{"P": b64(POINTS[0])}, {}],
    ],
)
def test_what_is_no_batch_of_points(value: Any) -> None:
    with pytest.raises(RemoteProtocolError):
        decode_blinded(json.dumps(value).encode())
    signed = json.dumps({"st": value, "dp": {"C": b64(bytes(32)), "S": b64(bytes(32))}})
    with pytest.raises(RemoteProtocolError):
        decode_batch(signed.replace('"P"', '"Q"').encode())


@pytest.mark.parametrize(
    "proof", [None, [], {}, {"C": b64(bytes(32))}, {"C": b64(bytes(32)), "S": b64(bytes(31))}]
)
def test_what_is_no_proof(proof: Any) -> None:
    with pytest.raises(RemoteProtocolError):
        decode_batch(json.dumps({"st": [{"Q": b64(POINTS[0])}], "dp": proof}).encode())


def test_a_token_may_have_any_size_and_is_an_object() -> None:
    assert spent_of({}) == SpentToken(b"", b"")
    assert spent_of({"t": b64(bytes(99))}) == SpentToken(bytes(99), b"")
    bad: list[Any] = [None, [], 7, "x", {"t": 7}]
    for value in bad:
        with pytest.raises(RemoteProtocolError):
            spent_of(value)
