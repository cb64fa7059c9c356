"""A board and its guest, both ends at once: replays, posts, what is new, and what either is spared of the other."""

import os
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwtchd.protocol.connection import BoardClient, BoardServer
from cwtchd.protocol.crypto.onion import identity_from_seed
from cwtchd.protocol.errors import LocalProtocolError, MessageTooLarge
from cwtchd.protocol.events import (
    Authenticated,
    Event,
    PostAnswered,
    PostReceived,
    ReplayEnded,
    ReplayRequested,
    ReplayStarted,
    RowReceived,
)
from cwtchd.protocol.model import EncryptedGroupMessage, SpentToken
from cwtchd.protocol.wire.constants import MESSAGE_LIMIT, PACKET_SIZE
from cwtchd.protocol.wire.frame import encode_sealed
from cwtchd.protocol.wire.token_board import (
    encode_group_message,
    encode_new_message,
    encode_post_request,
    encode_post_result,
    encode_replay_request,
    encode_replay_result,
)
from tests.support.link import Link, failure

SERVER, GUEST = identity_from_seed(bytes([1]) * 32), identity_from_seed(bytes([2]) * 32)
TOKEN = SpentToken(bytes(32), bytes(64))
ROWS = [EncryptedGroupMessage(bytes([number]) * 2709, bytes([number]) * 64) for number in range(6)]
BoardLink = Link[BoardClient, BoardServer]


def opened(sizes: tuple[int, ...] = (PACKET_SIZE,)) -> BoardLink:
    link = Link(BoardClient(GUEST, SERVER.onion, os.urandom), BoardServer(SERVER, os.urandom), sizes)
    link.start()
    assert link.guest_events == [Authenticated(SERVER.onion)]
    assert link.server_events == [Authenticated(GUEST.onion)]
    return link


def sealed(link: BoardLink, data: bytes) -> bytes:
    """A packet that either end would open, holding anything at all."""
    key = link.server._key
    assert key is not None
    return encode_sealed(key, data, os.urandom(24))


def replay(link: BoardLink, rows: list[EncryptedGroupMessage], commit: bytes | None = None) -> list[Event]:
    """A whole replay, as the guest hears it."""
    assert link.guest_says(link.guest.request_replay(commit)) == [ReplayRequested(commit)]
    events = link.server_says(link.server.replay_begins(len(rows)) + link.server.replayed(rows))
    link.server.synced()
    return events


def heard(rows: list[EncryptedGroupMessage]) -> list[Event]:
    return [ReplayStarted(len(rows)), *(RowReceived(row, live=False) for row in rows), ReplayEnded()]


@pytest.mark.parametrize("count", [0, 1, 6])
def test_a_replay(count: int) -> None:
    assert replay(opened(), ROWS[:count], b"commit") == heard(ROWS[:count])


@given(st.lists(st.integers(500, 3 * PACKET_SIZE), min_size=1, max_size=4))
@settings(max_examples=15)
def test_bytes_cut_anyhow_give_the_same_events(sizes: list[int]) -> None:
    link = opened(tuple(sizes))
    assert replay(link, ROWS) == heard(ROWS)
    assert link.guest_says(link.guest.post(ROWS[0], TOKEN)) == [PostReceived(ROWS[0], TOKEN)]
    said = link.server.post_result(True) + link.server.new_message(encode_new_message(ROWS[0]))
    assert link.server_says(said) == [PostAnswered(True), RowReceived(ROWS[0], live=True)]


def test_bytes_one_by_one() -> None:
    link = opened((1,))
    assert replay(link, ROWS[:1]) == heard(ROWS[:1])


def test_a_replay_in_pages() -> None:
    link = opened()
    link.guest_says(link.guest.request_replay(None))
    said = [link.server.replay_begins(6), *(link.server.replayed(ROWS[at : at + 2]) for at in (0, 2, 4))]
    assert [event for data in said for event in link.server_says(data)] == heard(ROWS)


def test_a_post_needs_no_replay_and_may_stand_within_one() -> None:
    link = opened()
    assert link.guest_says(link.guest.post(ROWS[0], TOKEN)) == [PostReceived(ROWS[0], TOKEN)]
    assert link.server_says(link.server.post_result(False)) == [PostAnswered(False)]
    link.guest_says(link.guest.request_replay(None))
    assert link.server_says(link.server.replay_begins(2)) == [ReplayStarted(2)]
    assert link.guest_says(link.guest.post(ROWS[1], TOKEN)) == [PostReceived(ROWS[1], TOKEN)]
    said = link.server.replayed(ROWS[:1]) + link.server.post_result(True) + link.server.replayed(ROWS[1:2])
    assert link.server_says(said) == [
        RowReceived(ROWS[0], live=False),
        PostAnswered(True),
        RowReceived(ROWS[1], live=False),
        ReplayEnded(),
    ]


def test_a_replay_may_be_asked_for_again() -> None:
    link = opened()
    for rows in (ROWS[:2], [], ROWS[3:]):
        assert replay(link, rows) == heard(rows)


def test_what_is_new_between_rows_of_a_second_replay_is_told_apart() -> None:
    """A real server goes on telling, since it never forgets that a guest was synced (wire-server 3.3)."""
    link = opened()
    replay(link, [])
    link.guest_says(link.guest.request_replay(None))
    said = [
        encode_replay_result(2),
        encode_group_message(ROWS[0]),
        encode_new_message(ROWS[5]),
        encode_group_message(ROWS[1]),
        encode_new_message(ROWS[4]),
    ]
    assert link.server_says(b"".join(sealed(link, data) for data in said)) == [
        ReplayStarted(2),
        RowReceived(ROWS[0], live=False),
        RowReceived(ROWS[5], live=True),
        RowReceived(ROWS[1], live=False),
        ReplayEnded(),
        RowReceived(ROWS[4], live=True),
    ]


def test_what_is_new_may_come_before_any_replay() -> None:
    link = opened()
    assert link.server_says(sealed(link, encode_new_message(ROWS[0]))) == [RowReceived(ROWS[0], live=True)]


def test_a_guest_may_ask_again_while_a_replay_is_sent_and_the_board_hears_it() -> None:
    link = opened()
    link.guest_says(link.guest.request_replay(None))
    link.server_says(link.server.replay_begins(2))
    asked = sealed(link, encode_replay_request(b"x"))
    assert link.guest_says(asked * 2) == [ReplayRequested(b"x")] * 2
    with pytest.raises(LocalProtocolError, match="One replay ends"):
        link.server.replay_begins(1)


def test_a_message_is_encoded_once_and_sealed_for_each() -> None:
    encoded = encode_new_message(ROWS[0])
    links = [opened() for _ in range(3)]
    for link in links:
        replay(link, [])
        assert link.server_says(link.server.new_message(encoded)) == [RowReceived(ROWS[0], live=True)]


@pytest.mark.parametrize("data", [b'{"MessageType":7}', b'{"MessageType":-1,"X":[]}'])
def test_an_unknown_type_harms_neither_side(data: bytes) -> None:
    link = opened()
    assert link.guest_says(sealed(link, data)) == []
    assert link.server_says(sealed(link, data)) == []
    assert replay(link, ROWS) == heard(ROWS)


def test_types_of_the_other_side_are_ignored() -> None:
    link = opened()
    for data in (encode_replay_result(1), encode_post_result(True), encode_new_message(ROWS[0])):
        assert link.guest_says(sealed(link, data)) == []
    for data in (encode_replay_request(None), encode_post_request(ROWS[0], TOKEN)):
        assert link.server_says(sealed(link, data)) == []


# --- the guest's faults ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        b"[]",
        b"{}",
        b'{"MessageType":0}',
        b'{"MessageType":2}',
        b'{"MessageType":2,"PostRequest":{"Token":7,"EGM":{}}}',
        b"\xff" * MESSAGE_LIMIT,
        b"[" * MESSAGE_LIMIT,
        encode_group_message(ROWS[0])[:-1],
    ],
)
def test_what_a_board_can_not_read_ends_the_connection(data: bytes) -> None:
    link = opened()
    good = link.guest.post(ROWS[0], TOKEN)
    events = link.guest_says(good + sealed(link, data) + good)
    assert events[0] == PostReceived(ROWS[0], TOKEN)
    assert len(events) == 2
    assert failure(events)
    assert link.guest_says(good) == []


def test_posts_that_only_a_board_can_judge_are_handed_on() -> None:
    """No signature, a ciphertext of the largest size, a token of no size (issue 12, hostile input)."""
    link = opened()
    odd = [
        (EncryptedGroupMessage(b"", b""), SpentToken(b"", b"")),
        (EncryptedGroupMessage(bytes(5874), bytes(64)), TOKEN),
        (EncryptedGroupMessage(bytes(2709), b""), TOKEN),
    ]
    for message, token in odd:
        assert link.guest_says(link.guest.post(message, token)) == [PostReceived(message, token)]


def test_a_post_that_fits_no_packet_is_not_sent() -> None:
    link = opened()
    with pytest.raises(MessageTooLarge):
        link.guest.post(EncryptedGroupMessage(bytes(5875), bytes(64)), TOKEN)
    # Nothing was posted, so that no answer is owed.
    assert "answered" in failure(link.server_says(sealed(link, encode_post_result(True))))


@pytest.mark.parametrize(
    "data", [bytes(PACKET_SIZE), b"\xff" * PACKET_SIZE, Random(1).randbytes(3 * PACKET_SIZE)]
)
def test_packets_of_anything_end_the_connection(data: bytes) -> None:
    link = opened()
    assert "does not open" in failure(link.guest_says(data))
    other = Link(BoardClient(GUEST, SERVER.onion, os.urandom), BoardServer(SERVER, os.urandom))
    other.server.start()
    assert failure(other.server.receive_data(data))


@pytest.mark.parametrize("at", [0, 23, 24, 40, 8191])
def test_a_packet_that_was_changed_ends_the_connection(at: int) -> None:
    link = opened()
    packet = bytearray(link.guest.post(ROWS[0], TOKEN))
    packet[at] ^= 1
    assert "does not open" in failure(link.guest_says(bytes(packet)))


# --- a server that lies ----------------------------------------------------------------------------------------------

LIES: list[tuple[str, list[bytes]]] = [
    ("not announced", [encode_group_message(ROWS[0])]),
    ("not asked", [encode_replay_result(1)]),
    ("not asked", [encode_replay_result(0)]),
    ("not sent", [encode_post_result(True)]),
]


@pytest.mark.parametrize(("sentence", "said"), LIES)
@pytest.mark.parametrize("after_a_replay", [False, True])
def test_a_server_that_says_what_it_was_not_asked_is_named(
    sentence: str, said: list[bytes], after_a_replay: bool
) -> None:
    link = opened()
    if after_a_replay:
        replay(link, ROWS)
    assert sentence in failure(link.server_says(b"".join(sealed(link, data) for data in said)))


def test_more_rows_than_announced() -> None:
    link = opened()
    link.guest_says(link.guest.request_replay(None))
    said = [encode_replay_result(1), encode_group_message(ROWS[0]), encode_group_message(ROWS[1])]
    events = link.server_says(b"".join(sealed(link, data) for data in said))
    assert events[:-1] == heard(ROWS[:1])
    assert "not announced" in failure(events)


@pytest.mark.parametrize("count", [0, 5])
def test_another_announcement_before_the_rows_of_the_first(count: int) -> None:
    link = opened()
    link.guest_says(link.guest.request_replay(None))
    said = [encode_replay_result(2), encode_group_message(ROWS[0]), encode_replay_result(count)]
    events = link.server_says(b"".join(sealed(link, data) for data in said))
    assert "not asked" in failure(events)
    assert ReplayEnded() not in events


def test_more_answers_than_posts() -> None:
    link = opened()
    link.guest_says(link.guest.post(ROWS[0], TOKEN))
    events = link.server_says(sealed(link, encode_post_result(True)) * 2)
    assert events[0] == PostAnswered(True)
    assert "answered" in failure(events)


def test_another_server_than_the_one_that_was_dialled() -> None:
    other = identity_from_seed(bytes([3]) * 32)
    link = Link(BoardClient(GUEST, SERVER.onion, os.urandom), BoardServer(other, os.urandom))
    link.start()
    assert "dialled" in failure(link.guest_events)
    assert link.server_events == []


# --- misuse of ours --------------------------------------------------------------------------------------------------


def test_nothing_is_said_before_authentication() -> None:
    guest, server = BoardClient(GUEST, SERVER.onion, os.urandom), BoardServer(SERVER, os.urandom)
    misuses: list[Callable[[], Any]] = [
        lambda: guest.request_replay(None),
        lambda: guest.post(ROWS[0], TOKEN),
        lambda: server.replay_begins(0),
        lambda: server.post_result(True),
        lambda: guest.receive_data(b""),
    ]
    for misuse in misuses:
        with pytest.raises(LocalProtocolError):
            misuse()
    link = Link(guest, server)
    link.start()
    # What failed has left no trace: the guest's first question is still its first.
    assert replay(link, ROWS[:1]) == heard(ROWS[:1])


def test_a_board_sends_what_it_announced_and_what_is_new_to_who_is_synced() -> None:
    server = opened().server
    misuses: list[tuple[str, Callable[[], Any]]] = [
        ("within a replay", lambda: server.replayed(ROWS[:1])),
        ("by a replay", server.synced),
        ("who is synced", lambda: server.new_message(b"x")),
    ]
    for sentence, misuse in misuses:
        with pytest.raises(LocalProtocolError, match=sentence):
            misuse()
    server.replay_begins(1)
    for sentence, misuse in [misuses[2], ("no more rows", lambda: server.replayed(ROWS[:2]))]:
        with pytest.raises(LocalProtocolError, match=sentence):
            misuse()
    with pytest.raises(LocalProtocolError, match="as many rows"):
        server.synced()


def test_a_guest_asks_for_one_replay_at_a_time() -> None:
    link = opened()
    link.guest.request_replay(None)
    with pytest.raises(LocalProtocolError, match="One replay"):
        link.guest.request_replay(None)


def test_what_happened_shows_no_message() -> None:
    message = EncryptedGroupMessage(b"zebra", b"zebra")
    events = [
        PostReceived(message, SpentToken(b"zebra", b"zebra")),
        RowReceived(message, live=True),
        ReplayRequested(b"zebra"),
    ]
    assert "zebra" not in repr(events)
