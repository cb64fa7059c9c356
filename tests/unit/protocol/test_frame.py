"""Packets: their length field, what fits, what is refused, and a stream cut in any way."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtchd.protocol.crypto.primitives import open_sealed, seal, sha256
from cwtchd.protocol.errors import LocalProtocolError, MessageTooLarge, RemoteProtocolError
from cwtchd.protocol.model import PeerVersion
from cwtchd.protocol.wire import frame
from cwtchd.protocol.wire.constants import version_message
from cwtchd.protocol.wire.peer import encode_peer_message
from tests.support.vectors import named, vectors

PACKETS = vectors("packet")
HANDSHAKE = vectors("handshake")["accepted"]
KEY = bytes.fromhex(HANDSHAKE["key"])
NONCE = bytes([9]) * 24


def check(packet: bytes, vector: dict[str, Any]) -> None:
    assert len(packet) == 8192
    assert packet.hex().startswith(vector["start"])
    assert sha256(packet).hex() == vector["sha256"]


@pytest.mark.parametrize("case", PACKETS["lengths"], ids=lambda case: str(case["length"]))
def test_lengths_of_the_specification(case: dict[str, Any]) -> None:
    written = bytes.fromhex(case["bytes"])
    assert frame.encode_length(case["length"]) == written
    assert frame.decode_length(*written) == case["length"]


@pytest.mark.parametrize("case", PACKETS["hedged"], ids=lambda case: case["bytes"])
def test_what_go_never_writes_is_read_as_little_endian(case: dict[str, Any]) -> None:
    assert frame.decode_length(*bytes.fromhex(case["bytes"])) == case["length"]


def test_a_varint_that_goes_on_is_no_length() -> None:
    assert frame.decode_length(0x88, 0x81) == 0


@given(st.integers(0, (1 << 14) - 1))
def test_every_length_is_read_as_it_was_written(length: int) -> None:
    assert frame.decode_length(*frame.encode_length(length)) == length


def test_the_plain_packet_of_the_specification() -> None:
    data = HANDSHAKE["outbound"]["message"].encode()
    packet = frame.encode_plain(data)
    check(packet, PACKETS["packets"][0])
    assert frame.decode_plain(packet) == data


def test_the_sealed_packet_of_the_specification() -> None:
    data = encode_peer_message(PeerVersion.V1, version_message())
    packet = frame.encode_sealed(KEY, data, NONCE)
    check(packet, PACKETS["packets"][1])
    assert frame.decode_sealed(KEY, packet) == data


@given(st.binary(min_size=1, max_size=8150))
def test_whatever_fits_arrives(data: bytes) -> None:
    assert frame.decode_plain(frame.encode_plain(data)) == data
    assert frame.decode_sealed(KEY, frame.encode_sealed(KEY, data, NONCE)) == data


def test_the_largest_message_arrives_and_one_byte_more_is_refused() -> None:
    largest = bytes([0xFF]) * 8150
    assert frame.decode_sealed(KEY, frame.encode_sealed(KEY, largest, NONCE)) == largest
    with pytest.raises(MessageTooLarge) as raised:
        frame.encode_sealed(KEY, largest + b"x", NONCE)
    assert (raised.value.size, raised.value.limit) == (8151, 8150)


def test_a_plain_packet_holds_what_go_would_read() -> None:
    largest = bytes([0xFF]) * 8189
    assert frame.decode_plain(frame.encode_plain(largest)) == largest
    with pytest.raises(MessageTooLarge) as raised:
        frame.encode_plain(largest + b"x")
    assert raised.value.limit == 8189


def test_no_packet_is_empty() -> None:
    for encode in (frame.encode_plain, lambda data: frame.encode_sealed(KEY, data, NONCE)):
        with pytest.raises(LocalProtocolError, match="empty"):
            encode(b"")


@pytest.mark.parametrize("case", PACKETS["refused"], ids=named)
def test_lengths_that_are_refused(case: dict[str, Any]) -> None:
    start = bytes.fromhex(case["start"])
    if case["block"] == "plain":
        with pytest.raises(RemoteProtocolError, match="packet"):
            frame.decode_plain(start.ljust(8192, b"\0"))
        return
    packet = seal(KEY, start.ljust(8152, b"\0"), NONCE)
    with pytest.raises(RemoteProtocolError, match=r"empty packet|length"):
        frame.decode_sealed(KEY, packet)


def test_padding_is_zeros_and_is_not_verified() -> None:
    packet = frame.encode_plain(b"hi")
    assert set(packet[4:]) == {0}
    assert frame.decode_plain(packet[:4] + b"x" * (8192 - 4)) == b"hi"
    assert set(open_sealed(KEY, frame.encode_sealed(KEY, b"hi", NONCE))[4:]) == {0}


def test_another_key_opens_nothing() -> None:
    with pytest.raises(RemoteProtocolError, match="does not open"):
        frame.decode_sealed(bytes(32), frame.encode_sealed(KEY, b"hi", NONCE))


@given(st.lists(st.integers(1, 20_000), min_size=1, max_size=20), st.integers(0, 8191))
def test_a_stream_cut_anyhow_gives_the_same_packets(sizes: list[int], rest: int) -> None:
    packets = [bytes([number]) * 8192 for number in range(4)]
    stream = b"".join(packets) + bytes(rest)
    framer, at, turn = frame.Framer(), 0, 0
    got: list[bytes] = []
    while at < len(stream):
        size = sizes[turn % len(sizes)]
        got += framer.feed(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert got == packets
    assert list(framer.feed(bytes(8192 - rest))) == [bytes(8192)]


def test_many_packets_in_one_piece_cost_linear_time() -> None:
    """Copying the rest at every packet would move 250 GB here."""
    began = time.process_time()
    assert sum(1 for _ in frame.Framer().feed(bytes(8192 * 8192))) == 8192
    assert time.process_time() - began < 20
