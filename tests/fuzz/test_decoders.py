"""The invariant: whatever the bytes, a decoder gives a value or a RemoteProtocolError, never anything else.

Where a decoder says of itself that it answers None (overlays) or another error of the protocol (InvalidOnion, SealBroken), that
stands for the RemoteProtocolError. Of a whole Connection: its events end with at most one ConnectionFailed, nobody is
Authenticated who did not prove it, and no error's sentence quotes a peer's bytes.
"""

import json
from collections.abc import Callable, Iterable
from random import Random
from typing import TypeVar

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cwtchd.protocol.connection import PeerConnection
from cwtchd.protocol.crypto.handshake import session_key
from cwtchd.protocol.crypto.onion import onion_of, parse_onion, public_key_of
from cwtchd.protocol.crypto.primitives import NONCE_SIZE, SealBroken, open_sealed, seal
from cwtchd.protocol.errors import InvalidOnion, RemoteProtocolError
from cwtchd.protocol.events import (
    Authenticated,
    ConnectionFailed,
    Event,
    MessageAcknowledged,
    MessageIgnored,
    MessageReceived,
    VersionSettled,
)
from cwtchd.protocol.model import Overlay, PeerVersion, Role
from cwtchd.protocol.wire.auth import decode_auth, encode_auth
from cwtchd.protocol.wire.constants import MESSAGE_LIMIT, PACKET_SIZE, SEALED_BLOCK
from cwtchd.protocol.wire.frame import (
    Framer,
    decode_length,
    decode_plain,
    decode_sealed,
    encode_plain,
    encode_sealed,
)
from cwtchd.protocol.wire.overlay import decode_overlay, decode_quote
from cwtchd.protocol.wire.peer import decode_peer_message, encode_peer_message
from tests.support.pair import INBOUND_EPHEMERAL, End, Pair, chat

T = TypeVar("T")

KEY = bytes(range(32))

MARKER = "zebra"
"""Part of what a peer sends: it may not come back in a sentence."""


def drawn(size: int, seed: int) -> bytes:
    """Bytes of a size that is too large for Hypothesis to draw one by one."""
    return Random(seed).randbytes(size)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(MARKER),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(
    [
        "LongTermPublicKey",
        "EphemeralPublicKey",
        "ID",
        "Context",
        "Data",
        "id",
        "DATA",
        "o",
        "d",
        "O",
        "body",
        "quotedHash",
    ]
)
objects = st.dictionaries(names | st.text(max_size=5), json_values | st.just("im.cwtch.raw"), max_size=8)
jsons = (objects | json_values).map(json.dumps).map(str.encode)


@st.composite
def mangled(draw: st.DrawFn, whole: st.SearchStrategy[bytes]) -> bytes:
    """Bytes that were right once: some replaced, some left out, some doubled."""
    data = bytearray(draw(whole))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, 6)))
        data[at:end] = draw(st.binary(max_size=6))
    return bytes(data)


keys = st.binary(min_size=32, max_size=32)
auth_messages = st.sampled_from([encode_auth(decode_auth(bytes(Pair().outbound.connection.start()[2:138])))])
peer_messages = st.builds(
    encode_peer_message,
    st.sampled_from(PeerVersion),
    st.builds(chat, st.sampled_from(["1", "im.cwtch.version", "a.b"]), st.binary(max_size=60)),
)
wrappers = st.sampled_from(
    [b'{"o":1,"d":"hi"}', b'{"o":10,"d":"{\\"quotedHash\\":\\"x\\",\\"body\\":\\"y\\"}"}']
)
anything = st.one_of(
    st.binary(max_size=400),
    jsons,
    mangled(jsons),
    mangled(auth_messages),
    mangled(peer_messages),
    mangled(wrappers),
    st.sampled_from(
        [b"[" * 8000, b'{"o":' * 1500, b'{"ID":' + b"9" * 8000, b'"' * 8000, b"|" * 8150, bytes(8150)]
    ),
)


def value_or_remote(decode: Callable[[], T]) -> T | None:
    """The invariant. Another error passes through and fails the test."""
    try:
        return decode()
    except RemoteProtocolError as error:
        check_sentence(error)
        return None


def check_sentence(error: Exception) -> None:
    sentence = str(error)
    assert sentence.startswith("The peer")
    assert sentence.endswith(".")
    assert MARKER not in sentence


# --- one property a decoder -----------------------------------------------------------------------------------------


@given(st.integers(0, 255), st.integers(0, 255))
def test_length(first: int, second: int) -> None:
    assert 0 <= decode_length(first, second) < 1 << 16


@given(st.binary(min_size=2, max_size=60), st.booleans(), st.integers(0))
def test_plain_packet(start: bytes, noisy: bool, seed: int) -> None:
    rest = PACKET_SIZE - len(start)
    packet = start + (drawn(rest, seed) if noisy else bytes(rest))
    data = value_or_remote(lambda: decode_plain(packet))
    assert data is None or 0 < len(data) <= PACKET_SIZE - 3


@given(st.binary(min_size=2, max_size=60), st.booleans(), st.integers(0))
def test_sealed_packet_of_a_peer_that_has_the_key(start: bytes, noisy: bool, seed: int) -> None:
    rest = SEALED_BLOCK - len(start)
    block = start + (drawn(rest, seed) if noisy else bytes(rest))
    data = value_or_remote(lambda: decode_sealed(KEY, seal(KEY, block, bytes(NONCE_SIZE))))
    assert data is None or 0 < len(data) <= MESSAGE_LIMIT


@given(st.integers(0))
def test_sealed_packet_of_a_peer_that_has_no_key(seed: int) -> None:
    assert value_or_remote(lambda: decode_sealed(KEY, drawn(PACKET_SIZE, seed))) is None


@given(anything)
def test_seal(data: bytes) -> None:
    with pytest.raises(SealBroken):
        open_sealed(KEY, data)


@given(st.lists(st.binary(max_size=400) | st.integers(0, 20_000).map(bytes), max_size=12))
def test_framer(pieces: list[bytes]) -> None:
    framer = Framer()
    packets = [packet for piece in pieces for packet in framer.feed(piece)]
    stream = b"".join(pieces)
    assert all(len(packet) == PACKET_SIZE for packet in packets)
    assert b"".join(packets) == stream[: len(stream) // PACKET_SIZE * PACKET_SIZE]


@given(anything)
def test_auth_message(data: bytes) -> None:
    message = value_or_remote(lambda: decode_auth(data))
    if message is not None:
        assert decode_auth(encode_auth(message)) == message


@given(st.sampled_from(Role), keys, keys)
def test_session_key(role: Role, their_public: bytes, their_ephemeral: bytes) -> None:
    key = value_or_remote(lambda: session_key(role, KEY, KEY, their_public, their_ephemeral))
    assert key is None or len(key) == 32


@given(st.sampled_from(PeerVersion), anything)
def test_peer_message(version: PeerVersion, data: bytes) -> None:
    message = value_or_remote(lambda: decode_peer_message(version, data))
    if message is not None:
        assert len(message.id) <= 256
        assert 0 < len(message.context) <= 256
        # Whatever was read can be written: an acknowledgement repeats its id.
        assert (
            decode_peer_message(version, encode_peer_message(version, chat(message.id, b""))).id == message.id
        )


@given(anything | st.text(st.characters(), max_size=100))
@example("\ud800")
@example('{"o":1,"d":"\ud800"}')
def test_overlay(wrapper: bytes | str) -> None:
    overlay = decode_overlay(wrapper)
    if overlay is not None:
        assert isinstance(overlay, Overlay)
        overlay.data.encode()


@given(st.text(st.characters(), max_size=100) | jsons.map(bytes.decode))
@example("\ud800")
@example('{"quotedHash":"\udfff","body":"\ud800"}')
def test_quote(data: str) -> None:
    quote = decode_quote(data)
    if quote is not None:
        "".join(quote).encode()


@given(
    st.text(st.characters(), max_size=60)
    | st.text("abcdefghijklmnopqrstuvwxyz234567=", min_size=56, max_size=56)
    | st.text(st.characters(), min_size=56, max_size=56)
)
def test_onion(text: str) -> None:
    try:
        onion = parse_onion(text)
    except InvalidOnion:
        return
    assert onion_of(public_key_of(onion)) == text


# --- whole connections ----------------------------------------------------------------------------------------------


def feed(connection: PeerConnection, pieces: Iterable[bytes]) -> list[Event]:
    """Feeds pieces and answers nothing. Checks what holds of every connection."""
    events: list[Event] = []
    for piece in pieces:
        events += connection.receive_data(piece)
        connection.data_to_send()
    failures = [event for event in events if isinstance(event, ConnectionFailed)]
    assert failures == (events[-1:] if failures else [])
    for failure in failures:
        check_sentence(failure.error)
    return events


def cut(data: bytes, sizes: list[int]) -> Iterable[bytes]:
    at, turn = 0, 0
    while at < len(data):
        yield data[at : at + sizes[turn % len(sizes)]]
        at, turn = at + sizes[turn % len(sizes)], turn + 1


def kinds(events: list[Event]) -> list[str]:
    """Events in a form that can be compared: two errors are never equal, their sentences are."""
    return [str(event.error) if isinstance(event, ConnectionFailed) else repr(event) for event in events]


pieces = st.lists(st.integers(1, 2 * PACKET_SIZE), min_size=1, max_size=4).filter(
    lambda sizes: sum(sizes) > 200
)
ends = st.sampled_from(["outbound", "inbound"])


def fresh(name: str) -> End:
    pair = Pair()
    end = pair.outbound if name == "outbound" else pair.inbound
    end.start()
    return end


@given(ends, st.integers(0, 3 * PACKET_SIZE), st.integers(0), pieces)
def test_random_bytes_to_a_new_connection(name: str, size: int, seed: int, sizes: list[int]) -> None:
    data = drawn(size, seed)
    whole = feed(fresh(name).connection, [data])
    assert kinds(whole) == kinds(feed(fresh(name).connection, cut(data, sizes)))
    assert not any(isinstance(event, Authenticated) for event in whole)
    assert bool(whole) == (size >= PACKET_SIZE)


@given(ends, st.lists(anything.filter(bool).map(lambda data: data[:8189]), max_size=4), pieces)
@settings(max_examples=200)
def test_well_framed_packets_to_a_new_connection(name: str, datas: list[bytes], sizes: list[int]) -> None:
    stream = b"".join(map(encode_plain, datas))
    whole = feed(fresh(name).connection, [stream])
    assert kinds(whole) == kinds(feed(fresh(name).connection, cut(stream, sizes)))
    assert not any(isinstance(event, Authenticated) for event in whole)


@given(
    st.lists(anything.filter(bool).map(lambda data: data[:MESSAGE_LIMIT]), max_size=6), st.booleans(), pieces
)
@settings(max_examples=200)
def test_any_message_of_an_authenticated_peer_costs_it_no_connection(
    datas: list[bytes], admitted: bool, sizes: list[int]
) -> None:
    def told(cutting: list[int]) -> list[Event]:
        pair = Pair().open() if admitted else Pair().authenticate()
        key = pair.inbound.connection._key
        assert key is not None
        stream = b"".join(encode_sealed(key, data, bytes(NONCE_SIZE)) for data in datas)
        return feed(pair.inbound.connection, cut(stream, cutting))

    events = told([len(datas) * PACKET_SIZE + 1])
    assert kinds(events) == kinds(told(sizes))
    kept = (MessageReceived, MessageAcknowledged, MessageIgnored, VersionSettled)
    assert all(isinstance(event, kept) for event in events)
    assert len([event for event in events if not isinstance(event, VersionSettled)]) <= len(datas)
    for event in events:
        if isinstance(event, MessageIgnored):
            assert MARKER not in event.reason


@given(ends, st.integers(0), st.integers(1, 3))
def test_random_packets_of_an_authenticated_peer_end_the_connection(name: str, seed: int, count: int) -> None:
    pair = Pair().open()
    end = pair.outbound if name == "outbound" else pair.inbound
    (failed,) = feed(end.connection, [drawn(count * PACKET_SIZE, seed)])
    assert isinstance(failed, ConnectionFailed)
    assert feed(end.connection, [drawn(PACKET_SIZE, seed)]) == []


@given(st.integers(0, 2 * PACKET_SIZE - 1), st.integers(0, 7))
@settings(max_examples=200)
def test_a_handshake_with_one_bit_changed_proves_nobody_else(at: int, bit: int) -> None:
    """A bit may be one that nobody looks at, such as padding. Whoever is authenticated is the one who is there."""
    pair = Pair()
    for end in pair.ends:
        end.start()
    keys = bytearray(pair.inbound.coming)
    if at < PACKET_SIZE:
        keys[at] ^= 1 << bit
    events = feed(pair.inbound.connection, [bytes(keys)])
    pair.outbound.read(PACKET_SIZE)
    proof = bytearray(pair.outbound.said[PACKET_SIZE:])
    if at >= PACKET_SIZE:
        proof[at - PACKET_SIZE] ^= 1 << bit
    events += feed(pair.inbound.connection, [bytes(proof)])
    assert all(
        event.onion == pair.outbound.identity.onion for event in events if isinstance(event, Authenticated)
    )
    assert at < PACKET_SIZE or isinstance(events[-1], ConnectionFailed)


@given(st.binary(min_size=32, max_size=32).filter(lambda seed: seed != INBOUND_EPHEMERAL), pieces)
def test_a_handshake_played_again_authenticates_nobody(ephemeral: bytes, sizes: list[int]) -> None:
    recorded = bytes(Pair().open().outbound.said)
    again = Pair(inbound_ephemeral=ephemeral)
    again.inbound.start()
    (failed,) = feed(again.inbound.connection, cut(recorded, sizes))
    assert isinstance(failed, ConnectionFailed)
    assert again.inbound.connection.remote is None


@given(st.integers(0, 3 * PACKET_SIZE), pieces)
def test_truncated_packets_are_waited_for(size: int, sizes: list[int]) -> None:
    """A real session that ends anywhere: only whole packets count, and none of them is a fault."""
    played, recorded = Pair(), Pair().open()
    stream = bytes(recorded.outbound.said)[:size]
    played.inbound.start()
    events = feed(played.inbound.connection, cut(stream, sizes))
    expected = {0: 0, 1: 0, 2: 1, 3: 2}[len(stream) // PACKET_SIZE]
    assert len(events) == expected
    assert not any(isinstance(event, ConnectionFailed) for event in events)


def test_8192_random_bytes_end_a_connection_once() -> None:
    for seed in range(50):
        events = feed(fresh("inbound").connection, [drawn(PACKET_SIZE, seed), drawn(PACKET_SIZE, seed + 1)])
        assert [type(event) for event in events] == [ConnectionFailed]


def test_random_bytes_one_by_one() -> None:
    data = drawn(2 * PACKET_SIZE, 1)
    assert kinds(feed(fresh("inbound").connection, cut(data, [1]))) == kinds(
        feed(fresh("inbound").connection, [data])
    )
