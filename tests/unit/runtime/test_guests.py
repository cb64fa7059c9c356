"""Guests of an onion: how long each may stay as it is, and who gives way where there are too many. Shown on the token service's."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cwtchd.protocol.crypto import proof_of_work
from cwtchd.protocol.events import TokensBought, WorkNeeded
from cwtchd.protocol.wire.constants import PACKET_SIZE
from cwtchd.protocol.wire.frame import encode_plain
from cwtchd.protocol.wire.token import encode_blinded
from cwtchd.runtime import guests, token_guests
from cwtchd.tor.transport import LINGER_SECONDS
from tests.support.memory_guests import House, Speaker


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.desk.database.close()


def solution(guest: Speaker) -> bytes:
    needed = guest.of(WorkNeeded)[0]
    return next(
        found
        for tried in itertools.count(0, 10_000)
        if (found := proof_of_work.solve(needed.prng_seed, needed.challenge, tried, 10_000)) is not None
    )


def test_who_never_works_is_closed_in_time(house: House) -> None:
    guest = house.buyer()
    house.wait(token_guests.WORK_SECONDS - 1)
    assert len(house.tokens) == 1
    house.wait(1)
    assert guest.ended
    assert len(house.tokens) == 0


def test_who_has_its_batch_is_served_once_and_must_go(house: House) -> None:
    guest = house.buyer(3)
    guest.write(guest.connection.solved(solution(guest)))
    guest.take()
    assert len(guest.of(TokensBought)[0].tokens) == house.tokens.signed == 3
    house.wait(token_guests.LEAVING_SECONDS - 1)
    assert not guest.ended
    house.wait(1)
    assert guest.ended


def test_a_second_batch_for_one_work_is_none(house: House) -> None:
    guest = house.buyer(1)
    handed_in = guest.connection.solved(solution(guest))
    guest.write(handed_in + handed_in[PACKET_SIZE:])
    assert guest.ended
    assert house.tokens.signed <= 1


@pytest.mark.parametrize(
    "said",
    [
        encode_plain(bytes(32)),
        encode_plain(b"\xff" * 32),
        encode_plain(b"x"),
        encode_plain(b"[" * 8_000),
        encode_plain(encode_blinded([])),
        bytes(PACKET_SIZE),
        os.urandom(PACKET_SIZE),
    ],
    ids=["zeros", "ones", "short", "brackets", "a batch", "an empty packet", "random"],
)
def test_no_work_no_tokens(house: House, said: bytes) -> None:
    guest = house.buyer()
    guest.write(said)
    assert guest.ended
    assert (len(house.tokens), house.tokens.signed) == (0, 0)


def test_a_packet_that_never_ends_is_waited_for_no_longer_than_any_other(house: House) -> None:
    guest = house.buyer()
    for _ in range(token_guests.WORK_SECONDS - 1):
        guest.write(b"\1")
        house.wait(1)
    assert not guest.ended
    house.wait(1)
    assert guest.ended


def test_the_oldest_gives_way_and_whoever_comes_gets_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = [house.call(house.keys.tokens) for _ in range(token_guests.GUESTS)]
    honest = house.buyer(1)
    assert [each.ended for each in silent] == [True] + [False] * (len(silent) - 1)
    assert len(house.tokens) == token_guests.GUESTS
    honest.write(honest.connection.solved(solution(honest)))
    honest.take()
    assert honest.of(TokensBought)


def test_who_gives_way_and_does_not_read_holds_nothing_any_longer(house: House) -> None:
    """What still waits for it is dropped: else whoever comes and goes fast enough holds as much as it likes."""
    silent = []
    for _ in range(token_guests.GUESTS + 50):
        silent.append(house.call(house.keys.tokens))
        silent[-1].transport.pauseProducing()  # type: ignore[union-attr]
    house.wait(0)
    assert len(house.network.links) == token_guests.GUESTS


def test_a_closed_house_lets_nobody_in_and_ends_all(house: House) -> None:
    inside = [house.buyer() for _ in range(3)]
    house.tokens.close()
    house.network.flush()
    assert all(each.ended for each in inside)
    late = house.call(house.keys.tokens)
    house.network.flush()
    assert late.ended
    assert not late.came
    house.wait(LINGER_SECONDS)
    assert house.clock.getDelayedCalls() == []


def test_a_guest_that_goes_leaves_no_clock_behind(house: House) -> None:
    guest = house.buyer()
    guest.transport.loseConnection()
    house.network.flush()
    assert len(house.tokens) == 0
    house.wait(0)
    assert house.clock.getDelayedCalls() == []


def test_one_by_lot_gives_way_where_all_have_got_somewhere(house: House) -> None:
    inside = [house.buyer() for _ in range(10)]
    for guest in house.tokens:
        guest.settled = True
    house.chance = 0.35
    assert house.tokens._who_gives_way() is list(house.tokens)[3]
    house.chance = 0.9999999
    assert house.tokens._who_gives_way() is list(house.tokens)[9]
    list(house.tokens)[4].settled = False
    assert house.tokens._who_gives_way() is list(house.tokens)[9]
    assert len(inside) == len(house.tokens)
    assert guests.Guest is type(next(iter(house.tokens)))
