"""Connections, both ends at once: what they say to each other, and what a peer's fault costs."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwtchd.protocol.connection import PeerConnection
from cwtchd.protocol.crypto.onion import identity_from_seed
from cwtchd.protocol.crypto.primitives import seal
from cwtchd.protocol.errors import LocalProtocolError, MessageTooLarge
from cwtchd.protocol.events import (
    Authenticated,
    ConnectionFailed,
    Event,
    MessageAcknowledged,
    MessageIgnored,
    MessageReceived,
    VersionSettled,
)
from cwtchd.protocol.model import PeerMessage, PeerVersion, Role
from cwtchd.protocol.wire import constants
from cwtchd.protocol.wire.constants import PACKET_SIZE, acknowledgement
from cwtchd.protocol.wire.frame import encode_plain, encode_sealed
from tests.support.pair import (
    INBOUND_EPHEMERAL,
    INBOUND_SEED,
    OUTBOUND_EPHEMERAL,
    OUTBOUND_SEED,
    End,
    Pair,
    chat,
    drawn,
)
from tests.support.vectors import vectors

VECTOR = vectors("handshake")["accepted"]
CHAT = chat("7", b'{"o":1,"d":"hi"}')


def sealed(end: End, data: bytes) -> bytes:
    """A packet that `end` would open, holding anything at all."""
    key = end.connection._key
    assert key is not None
    return encode_sealed(key, data, bytes(24))


def failure_of(events: list[Event]) -> str:
    """The sentence of the failure that is the last event, and the only one."""
    assert [event for event in events if isinstance(event, ConnectionFailed)] == events[-1:]
    (last,) = events[-1:]
    assert isinstance(last, ConnectionFailed)
    return str(last.error)


def test_two_ends_authenticate_each_other() -> None:
    pair = Pair().authenticate()
    assert pair.outbound.heard() == [Authenticated(pair.inbound.identity.onion)]
    assert pair.inbound.heard() == [Authenticated(pair.outbound.identity.onion)]
    assert pair.outbound.connection.remote == VECTOR["inbound"]["onion"]
    assert pair.inbound.connection.remote == VECTOR["outbound"]["onion"]


def test_the_first_packet_is_the_specifications_and_is_sent_before_anything_is_read() -> None:
    pair = Pair()
    pair.outbound.start()
    assert bytes(pair.outbound.said) == encode_plain(VECTOR["outbound"]["message"].encode())


def test_both_ends_hold_the_specifications_key() -> None:
    pair = Pair().authenticate()
    for end in pair.ends:
        assert end.connection._key == bytes.fromhex(VECTOR["key"])
        assert len(end.said) == 2 * PACKET_SIZE


def test_nothing_follows_authentication_until_the_peer_is_admitted() -> None:
    pair = Pair().authenticate()
    pair.outbound.admit()
    pair.run()
    assert len(pair.inbound.said) == 2 * PACKET_SIZE
    assert pair.inbound.connection.version is PeerVersion.V2
    assert pair.outbound.connection.version is PeerVersion.V1


def test_messages_and_acknowledgements_go_both_ways_at_version_2() -> None:
    pair = Pair().authenticate()
    for end in pair.ends:
        end.admit()
    pair.run()
    for end in pair.ends:
        assert end.heard()[-1] == VersionSettled(PeerVersion.V2)
        end.send(CHAT)
    pair.run()
    for end in pair.ends:
        assert end.heard() == [MessageReceived("7", "im.cwtch.raw", CHAT.data)]
        end.send(acknowledgement("7"))
    pair.run()
    for end in pair.ends:
        assert end.heard() == [MessageAcknowledged("7")]


def test_messages_that_arrive_before_we_admit_are_heard() -> None:
    pair = Pair().authenticate()
    pair.outbound.admit()
    pair.outbound.send(CHAT)
    pair.run()
    heard = pair.inbound.heard()
    assert heard[1:] == [VersionSettled(PeerVersion.V2), MessageReceived("7", "im.cwtch.raw", CHAT.data)]


def test_a_message_sent_before_the_peers_version_is_known_goes_out_in_version_1() -> None:
    pair = Pair().authenticate()
    pair.outbound.admit()
    pair.inbound.admit()
    limit = pair.outbound.connection.data_limit("1234567890", constants.CONTEXT_RAW)
    pair.outbound.send(chat("1234567890", b"x" * limit))
    assert limit == 6072
    pair.run()
    assert pair.inbound.heard()[-1] == MessageReceived("1234567890", "im.cwtch.raw", b"x" * limit)
    assert pair.outbound.connection.data_limit("1234567890", constants.CONTEXT_RAW) == 8126


def test_the_largest_message_arrives_and_a_larger_one_harms_nothing() -> None:
    pair = Pair().open()
    limit = pair.outbound.connection.data_limit("1", constants.CONTEXT_RAW)
    with pytest.raises(MessageTooLarge) as raised:
        pair.outbound.connection.send(chat("1", b"x" * (limit + 1)))
    assert (raised.value.size, raised.value.limit) == (limit + 1, limit)
    pair.outbound.send(chat("1", b"x" * limit))
    pair.run()
    assert pair.inbound.heard() == [MessageReceived("1", "im.cwtch.raw", b"x" * limit)]


def story(sizes: list[int]) -> list[list[Event]]:
    """A whole conversation, and what either end heard, with bytes that arrive in pieces of these sizes."""
    pair = Pair(sizes=sizes)
    pair.authenticate()
    for end in pair.ends:
        end.admit()
        end.send(CHAT)
    pair.run()
    for number in range(5):
        pair.outbound.send(chat(str(number), b"x" * 100))
    pair.run()
    return [end.heard() for end in pair.ends]


@given(
    st.lists(st.integers(1, 3 * PACKET_SIZE), min_size=1, max_size=5).filter(lambda sizes: max(sizes) > 500)
)
@settings(max_examples=30)
def test_bytes_cut_anyhow_give_the_same_events(sizes: list[int]) -> None:
    assert story(sizes) == story([PACKET_SIZE])


def test_bytes_one_by_one_give_the_same_events() -> None:
    assert story([1]) == story([PACKET_SIZE])


@pytest.mark.parametrize(
    "data",
    [
        b"neither JSON nor bars",
        b"a" * 257 + b"1||hi",
        b"1||hi",
        b"1|im cwtch|hi",
        b'{"ID":"1","Context":',
        b"\xff" * 8150,
    ],
    ids=["no format", "a long id", "no context", "a blank", "cut JSON", "bytes"],
)
def test_a_message_that_cannot_be_read_is_dropped_and_the_connection_kept(data: bytes) -> None:
    pair = Pair().open()
    pair.outbound.write(sealed(pair.outbound, data))
    pair.outbound.send(CHAT)
    pair.run()
    ignored, received = pair.inbound.heard()
    assert isinstance(ignored, MessageIgnored)
    assert received == MessageReceived("7", "im.cwtch.raw", CHAT.data)


def changed(packet: bytes, at: int) -> bytes:
    return packet[:at] + bytes([packet[at] ^ 1]) + packet[at + 1 :]


def _sealed_block(end: End, start: bytes) -> bytes:
    key = end.connection._key
    assert key is not None
    return seal(key, start.ljust(constants.SEALED_BLOCK, b"\0"), bytes(24))


FAULTS: list[tuple[Callable[[Pair], bytes], str]] = [
    (lambda _: bytes(PACKET_SIZE), "does not open"),
    (lambda pair: changed(pair.outbound.connection.send(CHAT), 100), "does not open"),
    (lambda pair: _sealed_block(pair.outbound, b"\0\0"), "empty packet"),
    (lambda pair: _sealed_block(pair.outbound, b"\xff\x7f"), "length"),
]


@pytest.mark.parametrize(("bad", "sentence"), FAULTS, ids=["zeros", "one bit", "empty", "too long"])
def test_a_bad_packet_ends_the_connection_and_nothing_behind_it_counts(
    bad: Callable[[Pair], bytes], sentence: str
) -> None:
    pair = Pair().open()
    before, behind = pair.outbound.connection.send(CHAT), pair.outbound.connection.send(CHAT)
    events = list(pair.inbound.connection.receive_data(before + bad(pair) + behind))
    assert isinstance(events[0], MessageReceived)
    assert len(events) == 2
    assert sentence in failure_of(events)
    assert pair.inbound.connection.receive_data(behind) == ()
    assert pair.inbound.connection.data_to_send() == b""


def test_a_failed_authentication_is_told_once_and_nothing_more_is_sent() -> None:
    pair = Pair()
    pair.inbound.start()
    events = list(pair.inbound.connection.receive_data(encode_plain(b"GET / HTTP/1.1\r\n\r\n") * 3))
    assert "JSON" in failure_of(events)
    assert len(events) == 1
    assert pair.inbound.connection.data_to_send() == b""
    assert pair.inbound.connection.remote is None


def test_a_wrong_proof_that_comes_with_the_keys_takes_back_our_own() -> None:
    pair = Pair()
    for end in pair.ends:
        end.start()
    keys = bytes(pair.inbound.coming)
    events = list(pair.inbound.connection.receive_data(keys + bytes(PACKET_SIZE)))
    assert "does not open" in failure_of(events)
    assert pair.inbound.connection.data_to_send() == b""


def test_whoever_answers_for_another_onion_is_turned_away() -> None:
    """The outbound side dialled one onion; who answers proves, quite rightly, to be another."""
    pair = Pair()
    other = End(Role.INBOUND, bytes([5]) * 32, None, drawn(INBOUND_EPHEMERAL))
    pair.outbound.start()
    answer = other.connection.start()
    assert "dialled" in failure_of(list(pair.outbound.connection.receive_data(answer)))
    assert pair.outbound.connection.data_to_send() == b""


def test_bytes_that_are_merely_sent_back_authenticate_nobody() -> None:
    pair = Pair()
    pair.inbound.start()
    events = list(pair.inbound.connection.receive_data(bytes(pair.inbound.said)))
    assert "own keys" in failure_of(events)


def test_a_proof_that_is_sent_back_is_wrong() -> None:
    """Both sides seal with one key, so that a reflected proof opens: its host is what gives it away."""
    pair = Pair()
    for end in pair.ends:
        end.start()
    keys = bytes(pair.inbound.said)
    pair.outbound.connection.receive_data(keys)
    proof = pair.outbound.connection.data_to_send()
    assert "proof" in failure_of(list(pair.outbound.connection.receive_data(proof)))


def test_a_whole_session_played_again_authenticates_nobody() -> None:
    first = Pair().open()
    first.outbound.send(CHAT)
    again = Pair(inbound_ephemeral=bytes([6]) * 32)
    again.inbound.start()
    events = list(again.inbound.connection.receive_data(bytes(first.outbound.said)))
    assert "does not open" in failure_of(events)
    assert len(events) == 1


def test_a_peer_that_never_says_its_version_is_spoken_to_in_version_1() -> None:
    pair = Pair().authenticate()
    pair.inbound.admit()
    v1 = b'{"ID":"9","Context":"im.cwtch.raw","Data":"aGk="}'
    pair.outbound.write(sealed(pair.outbound, v1))
    pair.run()
    assert pair.inbound.heard()[1:] == [
        VersionSettled(PeerVersion.V1),
        MessageReceived("9", "im.cwtch.raw", b"hi"),
    ]
    assert pair.inbound.connection.version is PeerVersion.V1


def test_misuse_of_ours_is_a_local_error() -> None:
    pair = Pair()
    for misuse in (
        lambda: pair.outbound.connection.receive_data(b"x"),
        pair.outbound.connection.admit,
        lambda: pair.outbound.connection.send(CHAT),
    ):
        with pytest.raises(LocalProtocolError):
            misuse()
    pair.authenticate()
    with pytest.raises(LocalProtocolError, match="started"):
        pair.outbound.connection.start()
    with pytest.raises(LocalProtocolError, match="admitted"):
        pair.outbound.connection.send(CHAT)
    pair.outbound.admit()
    with pytest.raises(LocalProtocolError, match="already"):
        pair.outbound.connection.admit()
    with pytest.raises(LocalProtocolError, match="words"):
        pair.outbound.connection.send(PeerMessage("no word", "im.cwtch.raw", b""))


def test_an_outbound_connection_names_whom_it_dialled_and_an_inbound_one_nobody() -> None:
    identity, other = identity_from_seed(OUTBOUND_SEED), identity_from_seed(INBOUND_SEED).onion
    for role, dialled in ((Role.OUTBOUND, None), (Role.INBOUND, other)):
        with pytest.raises(LocalProtocolError):
            PeerConnection(role, identity, dialled, drawn(OUTBOUND_EPHEMERAL))


def test_no_nonce_is_used_twice() -> None:
    pair = Pair().open()
    packets = [pair.outbound.connection.send(CHAT) for _ in range(200)]
    assert len({packet[:24] for packet in packets}) == 200


def test_what_happened_shows_neither_texts_nor_addresses() -> None:
    pair = Pair().open()
    pair.outbound.send(chat("12345", b'{"o":1,"d":"secret"}'))
    pair.run()
    shown = repr([*pair.inbound.heard(), Authenticated(pair.inbound.identity.onion)])
    for hidden in ("secret", "12345", pair.inbound.identity.onion):
        assert hidden not in shown
