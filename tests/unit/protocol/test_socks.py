"""The SOCKS machine against a proxy that follows the RFCs, in pieces of any size, and against ones that don't."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cwtchd.protocol.errors import LocalProtocolError
from cwtchd.protocol.machines.socks import REASONS, SocksClient, SocksRefused

HOST = "a" * 56 + ".onion"
CHOICE, VERDICT = b"\x05\x02", b"\x01\x00"
ADDRESSES = st.one_of(
    st.binary(min_size=4, max_size=4).map(lambda address: b"\x01" + address),
    st.binary(min_size=16, max_size=16).map(lambda address: b"\x04" + address),
    st.binary(max_size=255).map(lambda name: b"\x03" + bytes([len(name)]) + name),
)


def reply(code: int, address: bytes = b"\x01\x00\x00\x00\x00") -> bytes:
    return b"\x05" + bytes([code]) + b"\x00" + address + b"\x00\x00"


def client() -> SocksClient:
    return SocksClient(HOST, 9878, b"isolation", b"word")


def test_what_is_said_is_as_the_rfcs_write_it() -> None:
    socks = client()
    assert socks.start() == b"\x05\x01\x02"
    assert socks.receive_data(CHOICE) == b"\x01\x09isolation\x04word"
    assert socks.receive_data(VERDICT) == b"\x05\x01\x00\x03\x3e" + HOST.encode() + (9878).to_bytes(2, "big")
    before = socks.connected
    assert socks.receive_data(reply(0) + b"first bytes") == b""
    assert (before, socks.connected) == (False, True)
    assert socks.unread() == b"first bytes"


@given(ADDRESSES, st.binary(max_size=40), st.lists(st.integers(1, 30), max_size=60))
def test_pieces_make_no_difference_and_no_byte_of_the_stream_is_lost(
    address: bytes, stream: bytes, sizes: list[int]
) -> None:
    socks = client()
    said = socks.start()
    heard = CHOICE + VERDICT + reply(0, address) + stream
    while heard and not socks.connected:
        size = sizes.pop() if sizes else len(heard)
        said += socks.receive_data(heard[:size])
        heard = heard[size:]
    assert socks.connected
    assert socks.unread() + heard == stream
    assert said.startswith(b"\x05\x01\x02\x01\x09isolation\x04word\x05\x01\x00\x03")


@pytest.mark.parametrize("code", sorted(REASONS))
def test_each_reply_code_has_its_word(code: int) -> None:
    socks = client()
    socks.receive_data(CHOICE + VERDICT)
    with pytest.raises(SocksRefused) as refusal:
        socks.receive_data(reply(code))
    assert (refusal.value.reason, str(refusal.value)) == REASONS[code]
    assert not socks.connected


def test_the_words_that_others_rely_on() -> None:
    assert REASONS[0xF0][0] == "not_published"
    assert REASONS[0xF3][0] == "rendezvous_failed"
    assert REASONS[0xF7][0] == "introduction_timed_out"
    assert REASONS[0x05][0] == "connection_refused"


@given(st.integers(1, 255))
def test_an_unknown_code_is_a_failure_like_any(code: int) -> None:
    socks = client()
    socks.receive_data(CHOICE + VERDICT)
    with pytest.raises(SocksRefused) as refusal:
        socks.receive_data(reply(code))
    assert refusal.value.reason == REASONS.get(code, REASONS[1])[0]


@pytest.mark.parametrize(
    "heard",
    [b"\x05\xff", b"\x05\x00", b"\x04\x02", b"HTTP/1.1 400", CHOICE + b"\x01\x01", CHOICE + b"\x05\x00"],
)
def test_what_is_no_such_proxy_is_refused(heard: bytes) -> None:
    with pytest.raises(SocksRefused) as refusal:
        client().receive_data(heard)
    assert refusal.value.reason == "unsupported"


@given(st.binary(max_size=400))
def test_any_bytes_are_an_answer_a_wait_or_a_refusal(heard: bytes) -> None:
    socks = client()
    try:
        socks.receive_data(heard)
    except SocksRefused:
        assert not socks.connected


@pytest.mark.parametrize("parts", [(b"", b"p"), (b"u", b""), (b"u" * 256, b"p"), (b"u", b"p" * 256)])
def test_credentials_that_do_not_fit_are_our_mistake(parts: tuple[bytes, bytes]) -> None:
    with pytest.raises(LocalProtocolError):
        SocksClient(HOST, 9878, *parts)


def test_isolation_is_in_no_repr() -> None:
    assert "isolation" not in repr(client())
    assert "isolation" not in repr(vars(client()))
