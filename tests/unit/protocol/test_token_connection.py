"""A token service and its guest, both ends at once: the order of packets, and what either does to who breaks it."""

import os
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cwtchd.protocol.connection import TokenClient, TokenServer
from cwtchd.protocol.crypto.privacypass import TokenKey, sign, spend, verify
from cwtchd.protocol.crypto.proof_of_work import Work, begin, solve
from cwtchd.protocol.crypto.transcript import Transcript
from cwtchd.protocol.errors import LocalProtocolError
from cwtchd.protocol.events import BatchSigned, ConnectionFailed, TokensBought, WorkNeeded
from cwtchd.protocol.server_table import BATCH_LIMIT, TRANSCRIPT_LABEL
from cwtchd.protocol.wire.constants import PACKET_SIZE
from cwtchd.protocol.wire.frame import decode_plain, encode_plain
from cwtchd.protocol.wire.token import decode_batch, decode_blinded, encode_batch, encode_blinded
from tests.support.link import Link, failure
from tests.support.vectors import vectors

VECTOR = vectors("tokens")
# The specification's seed, whose solution is known, so that no test has to work.
SEED, SOLUTION = VECTOR["seed"].encode(), bytes.fromhex(VECTOR["solution"])
KEY = TokenKey.of((12345).to_bytes(32, "little"))
OTHER_KEY = TokenKey.of((54321).to_bytes(32, "little"))
TokenLink = Link[TokenClient, TokenServer]


def opened(amount: int = 3, sizes: tuple[int, ...] = (PACKET_SIZE,), public: bytes = KEY.public) -> TokenLink:
    link = Link(TokenClient(public, amount, os.urandom), TokenServer(KEY, SEED, os.urandom), sizes)
    link.start()
    return link


def asked() -> Work:
    return begin(Transcript(TRANSCRIPT_LABEL), SEED)


@pytest.mark.parametrize("amount", [1, 10, BATCH_LIMIT])
def test_tokens_are_bought(amount: int) -> None:
    link = opened(amount)
    (needed,) = link.guest_events
    assert needed == WorkNeeded(asked().prng_seed, asked().challenge)
    assert link.guest_says(link.guest.solved(SOLUTION)) == [BatchSigned(amount)]
    bought = link.guest_events[-1]
    assert isinstance(bought, TokensBought)
    assert len(bought.tokens) == amount
    for token in bought.tokens:
        assert verify(KEY, spend(token, b"data"), b"data")


def test_the_work_is_what_the_event_says() -> None:
    work = asked()
    assert solve(work.prng_seed, work.challenge, VECTOR["solution_try"] - 1, 1) == SOLUTION


@given(st.lists(st.integers(500, 3 * PACKET_SIZE), min_size=1, max_size=4))
@settings(max_examples=10)
def test_bytes_cut_anyhow_give_the_same_events(sizes: list[int]) -> None:
    link = opened(2, tuple(sizes))
    link.guest_says(link.guest.solved(SOLUTION))
    assert link.server_events == [BatchSigned(2)]
    assert [type(event) for event in link.guest_events] == [WorkNeeded, TokensBought]


def test_bytes_one_by_one() -> None:
    link = opened(1, (1,))
    link.guest_says(link.guest.solved(SOLUTION))
    assert [type(event) for event in link.guest_events] == [WorkNeeded, TokensBought]


def test_the_service_speaks_first_and_every_packet_is_plain() -> None:
    guest, server = TokenClient(KEY.public, 1, os.urandom), TokenServer(KEY, SEED, os.urandom)
    assert guest.start() == b""
    seed = server.start()
    assert decode_plain(seed) == SEED
    guest.receive_data(seed)
    said = guest.solved(SOLUTION)
    assert decode_plain(said[:PACKET_SIZE]) == SOLUTION
    assert len(decode_blinded(decode_plain(said[PACKET_SIZE:]))) == 1
    assert len(said) == 2 * PACKET_SIZE


def test_two_purchases_have_nothing_in_common() -> None:
    points = set()
    for _ in range(2):
        link = opened(5)
        points |= set(decode_blinded(decode_plain(link.guest.solved(SOLUTION)[PACKET_SIZE:])))
    assert len(points) == 10


# --- the guest's faults ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solution", [bytes(32), SOLUTION[:-1], SOLUTION + b"\0", b"x", b"\xff" * 8000])
def test_a_wrong_solution_ends_the_connection(solution: bytes) -> None:
    link = opened()
    behind = encode_plain(encode_blinded([KEY.public]))
    events = link.guest_says(encode_plain(solution) + behind)
    assert "proof of work" in failure(events)
    assert len(events) == 1
    assert link.server.data_to_send() == b""


def test_a_batch_before_the_work_ends_the_connection() -> None:
    assert "proof of work" in failure(opened().guest_says(encode_plain(encode_blinded([KEY.public]))))


@pytest.mark.parametrize(
    "batch",
    [
        b"x",
        b"[]",
        b"{}",
        encode_blinded([bytes(32)]),
        encode_blinded([KEY.public, b"\xff" * 32]),
        encode_blinded([KEY.public[:31]]),
        encode_blinded([KEY.public] * (BATCH_LIMIT + 1)),
        encode_blinded([KEY.public] * 154),
    ],
    ids=["no JSON", "none", "an object", "the identity", "no point", "31 bytes", "33", "a packet full"],
)
def test_a_batch_that_is_none_ends_the_connection(batch: bytes) -> None:
    events = opened().guest_says(encode_plain(SOLUTION) + encode_plain(batch))
    assert failure(events)
    assert len(events) == 1


def test_a_connection_serves_once() -> None:
    link = opened(1)
    said = link.guest.solved(SOLUTION)
    link.guest_says(said)
    assert "out of turn" in failure(link.guest_says(said[PACKET_SIZE:]))
    assert link.guest_says(said) == []


def test_two_batches_at_once_are_one_and_a_fault() -> None:
    link = opened(1)
    said = link.guest.solved(SOLUTION)
    events = link.server.receive_data(said + said[PACKET_SIZE:])
    assert events[0] == BatchSigned(1)
    assert "out of turn" in failure(events)


def test_random_packets_and_an_empty_one_end_the_connection() -> None:
    for data in (os.urandom(PACKET_SIZE), bytes(PACKET_SIZE), b"\xff" * PACKET_SIZE):
        assert failure(opened().guest_says(data))


# --- a service that lies ---------------------------------------------------------------------------------------------


def lied(change: Callable[[bytes], bytes], amount: int = 3) -> str:
    """What the guest says of a service that answers with something else than it should."""
    link = opened(amount)
    link.server.receive_data(link.guest.solved(SOLUTION))
    answer = decode_plain(link.server.data_to_send())
    return failure(link.server_says(encode_plain(change(answer))))


def with_signed(change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]) -> Callable[[bytes], bytes]:
    def changed(answer: bytes) -> bytes:
        batch = decode_batch(answer)
        return encode_batch(replace(batch, signed=change(batch.signed)))

    return changed


def test_a_service_with_another_key_than_it_published() -> None:
    link = opened(public=OTHER_KEY.public)
    link.guest_says(link.guest.solved(SOLUTION))
    assert "key that it published" in failure(link.guest_events)


@pytest.mark.parametrize(
    ("sentence", "change"),
    [
        ("another number", with_signed(lambda signed: signed[:-1])),
        ("another number", with_signed(lambda signed: (*signed, signed[0]))),
        ("does not hold", with_signed(lambda signed: signed[::-1])),
        ("does not hold", with_signed(lambda signed: (KEY.public, *signed[1:]))),
        ("point", with_signed(lambda signed: (bytes(32), *signed[1:]))),
        ("no tokens", with_signed(lambda signed: ())),
        ("not JSON", lambda answer: answer[:-1]),
    ],
    ids=["one short", "one more", "swapped", "another point", "the identity", "none", "cut"],
)
def test_a_service_that_lies_is_named(sentence: str, change: Callable[[bytes], bytes]) -> None:
    assert sentence in lied(change)


def test_a_proof_for_another_connection() -> None:
    link = opened(1)
    said = link.guest.solved(SOLUTION)
    points = decode_blinded(decode_plain(said[PACKET_SIZE:]))
    batch = sign(KEY, points, Transcript(b"another"), os.urandom)
    assert "does not hold" in failure(link.server_says(encode_plain(encode_batch(batch))))


def test_a_batch_before_the_work_is_handed_in() -> None:
    link = opened()
    batch = sign(KEY, [KEY.public], Transcript(b"t"), os.urandom)
    assert "out of turn" in failure(link.server_says(encode_plain(encode_batch(batch))))


@given(st.integers(0, 646), st.integers(0, 7))
@settings(max_examples=60)
def test_one_bit_changed_gives_a_fault_and_never_another_token(at: int, bit: int) -> None:
    link = opened(10)
    link.server.receive_data(link.guest.solved(SOLUTION))
    packet = bytearray(link.server.data_to_send())
    before = decode_batch(decode_plain(bytes(packet)))
    packet[2 + at] ^= 1 << bit
    (event,) = link.server_says(bytes(packet))
    if isinstance(event, TokensBought):  # the bit was a name's case, or one that base64 leaves unused
        assert decode_batch(decode_plain(bytes(packet))) == before
    else:
        assert isinstance(event, ConnectionFailed)


# --- misuse of ours --------------------------------------------------------------------------------------------------


def test_the_work_is_handed_in_once_when_asked_for_and_done() -> None:
    guest = TokenClient(KEY.public, 1, os.urandom)
    with pytest.raises(LocalProtocolError):
        guest.solved(SOLUTION)
    guest.start()
    guest.receive_data(encode_plain(SEED))
    with pytest.raises(LocalProtocolError, match="asked for"):
        guest.solved(bytes(32))
    guest.solved(SOLUTION)
    with pytest.raises(LocalProtocolError, match="already"):
        guest.solved(SOLUTION)


@pytest.mark.parametrize("amount", [-1, 0, BATCH_LIMIT + 1])
def test_a_batch_has_1_to_32_tokens(amount: int) -> None:
    with pytest.raises(LocalProtocolError, match="1 to 32"):
        TokenClient(KEY.public, amount, os.urandom)


def test_what_happened_shows_no_secret() -> None:
    link = opened(1)
    link.guest_says(link.guest.solved(SOLUTION))
    assert repr(link.guest_events) == "[WorkNeeded(), TokensBought(tokens=(Token(),))]"
