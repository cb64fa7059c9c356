"""The invariant of the server's wire: whatever the bytes, a decoder gives a value or its one error, never anything else.

Of whole connections: events, of which at most the last is a ConnectionFailed; no bytes of the other side in its sentence; no token that
was not signed and proved.
"""

import base64
import json
import os
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cwtchd.protocol.connection import BoardClient, BoardServer, TokenClient, TokenServer
from cwtchd.protocol.crypto.onion import identity_from_seed
from cwtchd.protocol.crypto.primitives import sign as sign_with
from cwtchd.protocol.crypto.privacypass import SignedBatch, TokenKey, sign
from cwtchd.protocol.crypto.transcript import Transcript
from cwtchd.protocol.errors import InvalidBundle, RemoteProtocolError
from cwtchd.protocol.events import Authenticated, BatchSigned, ConnectionFailed, Event, TokensBought
from cwtchd.protocol.model import EncryptedGroupMessage, KeyBundle, SpentToken
from cwtchd.protocol.server_table import BATCH_LIMIT
from cwtchd.protocol.wire.bundle import decode_bundle, encode_bundle, signed_text
from cwtchd.protocol.wire.frame import encode_plain, encode_sealed
from cwtchd.protocol.wire.token import decode_batch, decode_blinded, encode_batch, encode_blinded
from cwtchd.protocol.wire.token_board import (
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
from tests.support.link import Link
from tests.support.vectors import vectors

MARKER = "zebra"
VECTOR = vectors("tokens")
SEED, SOLUTION = VECTOR["seed"].encode(), bytes.fromhex(VECTOR["solution"])
KEY = TokenKey.of((12345).to_bytes(32, "little"))
SERVER, GUEST = identity_from_seed(bytes([1]) * 32), identity_from_seed(bytes([2]) * 32)
MESSAGE = EncryptedGroupMessage(b"ciphertext", b"signature")
TOKEN = SpentToken(bytes(32), bytes(64))
BATCH = sign(KEY, [KEY.public] * 2, Transcript(b"t"), os.urandom)
_unsigned = KeyBundle(SERVER.onion, GUEST.onion, KEY.public, b"", (("x", "1"),))
BUNDLE = replace(_unsigned, signature=sign_with(SERVER.seed, signed_text(_unsigned)))
BUNDLE_JSON = base64.b64decode(encode_bundle(BUNDLE)[len("server:") :])

NAMES = [
    "MessageType",
    "messagetype",
    "ReplayRequest",
    "LastCommit",
    "ReplayResult",
    "NumMessages",
    "PostRequest",
    "Token",
    "T",
    "MAC",
    "EGM",
    "PostResult",
    "Success",
    "NewMessage",
    "Ciphertext",
    "Signature",
    "P",
    "Q",
    "st",
    "dp",
    "C",
    "S",
    "Keys",
    "bulletin_board_onion",
]
scalars: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, 1, 2, 3, 4, 5, -1, 1 << 70, 0.5, 1e300, "", "!", MARKER, "AwQ=", "\ud800"]
) | st.binary(max_size=40).map(lambda data: base64.b64encode(data).decode())
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=10,
)
shaped = st.fixed_dictionaries(
    {"MessageType": scalars},
    optional={
        "ReplayRequest": values,
        "ReplayResult": values,
        "PostRequest": st.fixed_dictionaries({}, optional={"Token": values, "EGM": values}) | values,
        "PostResult": values,
        "NewMessage": values,
        "x": values,
    },
)
POINTS = [KEY.public, bytes(32), b"\xff" * 32, bytes(31), KEY.public[::-1]]
points = st.lists(st.sampled_from(POINTS), max_size=BATCH_LIMIT + 2)
GOOD = [
    encode_group_message(MESSAGE),
    encode_replay_request(None),
    encode_replay_request(b"commit"),
    encode_replay_result(2),
    encode_post_request(MESSAGE, TOKEN),
    encode_post_result(True),
    encode_new_message(MESSAGE),
    encode_blinded([KEY.public] * 2),
    encode_batch(BATCH),
    BUNDLE_JSON,
]


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """What was right once: some of it replaced, left out, or doubled."""
    data = bytearray(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(data)))
        data[at : min(len(data), at + draw(st.integers(0, 6)))] = draw(st.binary(max_size=6))
    return bytes(data)


anything = st.one_of(
    st.binary(max_size=200),
    values.map(json.dumps).map(str.encode),
    shaped.map(json.dumps).map(str.encode),
    mangled(),
    points.map(encode_blinded),
    points.map(lambda signed: encode_batch(SignedBatch(tuple(signed), BATCH.challenge, BATCH.response))),
    st.sampled_from(
        [b"[" * 8000, b'{"P":' * 1600, b'{"MessageType":' + b"9" * 8000, b'"' * 8000, b"{}" * 4000]
    ),
)


def check_sentence(error: Exception) -> None:
    assert str(error).endswith(".")
    assert MARKER not in str(error)


@given(anything)
def test_request(data: bytes) -> None:
    try:
        decode_request(data)
    except RemoteProtocolError as error:
        check_sentence(error)


@given(anything)
def test_answer(data: bytes) -> None:
    try:
        decode_answer(data)
    except RemoteProtocolError as error:
        check_sentence(error)


@given(anything)
def test_batches(data: bytes) -> None:
    try:
        blinded = decode_blinded(data)
    except RemoteProtocolError as error:
        check_sentence(error)
    else:
        assert decode_blinded(encode_blinded(blinded)) == blinded
        assert len(blinded) <= BATCH_LIMIT
    try:
        batch = decode_batch(data)
    except RemoteProtocolError as error:
        check_sentence(error)
    else:
        assert decode_batch(encode_batch(batch)) == batch
        assert len(batch.signed) <= BATCH_LIMIT


@given(
    anything.map(lambda data: "server:" + base64.b64encode(data).decode())
    | st.text(st.characters(), max_size=80)
)
@example("server:\ud800")
@example("server:" + base64.b64encode(b'{"Keys":[[],{}]}').decode())
@example("server:" + base64.b64encode(b'{"Keys":{"a":{}},"Signature":[]}').decode())
def test_bundle(text: str) -> None:
    try:
        bundle = decode_bundle(text)
    except InvalidBundle as error:
        check_sentence(error)
    else:
        # Only who has the key could have signed another.
        assert bundle == BUNDLE


@given(st.binary(max_size=200), st.binary(max_size=80))
def test_what_a_token_is_bound_to_is_as_long_as_what_it_holds(ciphertext: bytes, signature: bytes) -> None:
    data = spending_data(EncryptedGroupMessage(ciphertext, signature), SERVER.onion)
    assert json.loads(data[: -len(SERVER.onion)]) == {
        "Ciphertext": base64.b64encode(ciphertext).decode(),
        "Signature": base64.b64encode(signature).decode(),
    }


# --- whole connections -----------------------------------------------------------------------------------------------


def check(events: Iterable[Event]) -> None:
    failures = [event for event in events if isinstance(event, ConnectionFailed)]
    assert failures == list(events)[-1:] or not failures
    for failed in failures:
        check_sentence(failed.error)


packets = st.lists(anything.filter(bool), min_size=1, max_size=5)
bounded = settings(max_examples=60, deadline=None)


def opened() -> tuple[Link[BoardClient, BoardServer], bytes]:
    link = Link(BoardClient(GUEST, SERVER.onion, os.urandom), BoardServer(SERVER, os.urandom))
    link.start()
    key = link.server._key
    assert key is not None
    return link, key


@given(packets)
@bounded
def test_a_board_whose_guest_is_authenticated_and_says_anything(said: list[bytes]) -> None:
    link, key = opened()
    check(link.guest_says(b"".join(encode_sealed(key, data, os.urandom(24)) for data in said)))


@given(packets, st.booleans())
@bounded
def test_a_guest_whose_board_says_anything(said: list[bytes], asked: bool) -> None:
    link, key = opened()
    if asked:
        link.guest.request_replay(None)
    check(link.server_says(b"".join(encode_sealed(key, data, os.urandom(24)) for data in said)))


@given(packets, st.integers(1, 9000))
@bounded
def test_ends_that_nobody_has_proved_himself_to(said: list[bytes], size: int) -> None:
    data = b"".join(encode_plain(each) for each in said)
    ends: list[Any] = [
        BoardServer(SERVER, os.urandom),
        BoardClient(GUEST, SERVER.onion, os.urandom),
        TokenServer(KEY, SEED, os.urandom),
        TokenClient(KEY.public, 2, os.urandom),
    ]
    for end in ends:
        end.start()
        events: list[Event] = []
        for at in range(0, len(data), size):
            events += end.receive_data(data[at : at + size])
        check(events)
        assert not any(isinstance(event, Authenticated | TokensBought | BatchSigned) for event in events)


@given(packets)
@bounded
def test_a_token_service_whose_guest_has_worked_and_says_anything(said: list[bytes]) -> None:
    server = TokenServer(KEY, SEED, os.urandom)
    server.start()
    events = server.receive_data(encode_plain(SOLUTION) + b"".join(encode_plain(data) for data in said))
    check(events)
    assert sum(isinstance(event, BatchSigned) for event in events) <= 1


@given(packets)
@bounded
def test_a_guest_that_has_worked_and_whose_token_service_says_anything(said: list[bytes]) -> None:
    guest = TokenClient(KEY.public, 2, os.urandom)
    guest.start()
    guest.receive_data(encode_plain(SEED))
    guest.solved(SOLUTION)
    events = guest.receive_data(b"".join(encode_plain(data) for data in said))
    check(events)
    assert not any(isinstance(event, TokensBought) for event in events)
