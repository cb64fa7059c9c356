"""What a server forgets: the oldest first, by each bound, in bounded pieces, and nothing that a replay needs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cwtchd.server import retention
from cwtchd.server.retention import PRUNE_ROWS, Pruned
from cwtchd.server.settings import ServerSettings
from cwtchd.store import board
from cwtchd.store.board import Totals
from tests.support.hosted_board import ALL, HOUR, BoardDesk, message

MIB = 1 << 20


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[BoardDesk]:
    desk = BoardDesk(tmp_path)
    yield desk
    desk.database.close()


def fill(desk: BoardDesk, numbers: range, size: int = 40) -> None:
    desk.run(lambda uow: [board.add(uow, message(number, size=size)) for number in numbers])


def prune(desk: BoardDesk, needed: int | None = None, **bounds: int) -> Pruned:
    return desk.run(lambda uow: retention.prune(uow, ServerSettings(**bounds), needed))  # type: ignore[arg-type] # all are numbers


def kept(desk: BoardDesk) -> list[int]:
    rows = desk.run(lambda uow: board.page(uow, 0, ALL, 10_000))
    sizes = sum(len(row.message.ciphertext) + 64 for row in rows)
    sums = desk.run(board.sums)
    assert (sums.messages, sums.bytes) == (len(rows), sizes)
    first, last = desk.run(board.ends)
    assert [row.id for row in rows] == list(range(first, last + 1))
    return [row.id for row in rows]


def test_nothing_goes_within_the_bounds(desk: BoardDesk) -> None:
    assert prune(desk, max_messages=1) == Pruned(0, False)
    fill(desk, range(10))
    assert prune(desk, max_messages=10, max_mib=1, max_hours=1) == Pruned(0, False)
    assert len(kept(desk)) == 10


def test_the_oldest_go_by_count(desk: BoardDesk) -> None:
    fill(desk, range(10))
    assert prune(desk, max_messages=7) == Pruned(3, False)
    assert kept(desk) == [4, 5, 6, 7, 8, 9, 10]
    assert desk.run(board.sums).posts == 10


def test_the_oldest_go_by_size(desk: BoardDesk) -> None:
    each = 5_000 + 64
    fill(desk, range(MIB // each + 3), size=5_000)
    assert prune(desk, max_mib=1) == Pruned(3, False)
    assert desk.run(board.sums).bytes <= MIB < desk.run(board.sums).bytes + each
    assert kept(desk)[0] == 4


def test_the_oldest_go_by_age_in_whole_hours(desk: BoardDesk) -> None:
    fill(desk, range(3))
    desk.now += HOUR - 1
    fill(desk, range(3, 5))
    desk.now += 1
    fill(desk, range(5, 7))
    start = desk.now
    desk.now = start + 5 * HOUR - 1
    assert prune(desk, max_hours=5) == Pruned(0, False)
    desk.now = start + 5 * HOUR
    assert prune(desk, max_hours=5) == Pruned(5, False)
    assert kept(desk) == [6, 7]
    desk.now = start + 6 * HOUR
    assert prune(desk, max_hours=5) == Pruned(2, False)
    assert desk.run(board.sums) == Totals(0, 0, 7)


def test_a_unit_removes_a_bounded_number_and_says_that_more_is_due(desk: BoardDesk) -> None:
    fill(desk, range(2 * PRUNE_ROWS + 5))
    assert prune(desk, max_messages=5) == Pruned(PRUNE_ROWS, True)
    assert prune(desk, max_messages=5) == Pruned(PRUNE_ROWS, False)
    assert prune(desk, max_messages=5) == Pruned(0, False)
    assert len(kept(desk)) == 5


def test_what_a_replay_needs_stays_until_it_is_over(desk: BoardDesk) -> None:
    fill(desk, range(10))
    assert prune(desk, 1, max_messages=2) == Pruned(0, False)
    assert prune(desk, 4, max_messages=2) == Pruned(3, False)
    assert kept(desk)[0] == 4
    assert prune(desk, max_messages=2) == Pruned(5, False)


def test_spent_tokens_are_never_forgotten(desk: BoardDesk) -> None:
    fill(desk, range(10))
    desk.run(lambda uow: board.spend(uow, bytes(32)))
    prune(desk, max_messages=1)
    assert desk.run(lambda uow: board.is_spent(uow, bytes(32)))
