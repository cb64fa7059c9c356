"""Sync sessions: what is new, where the next one resumes, and what a server is caught at."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from cwtchd.app import anchors, server_sync, servers
from cwtchd.app.errors import NotFound
from cwtchd.app.server_sync import ANCHORS_KEPT, IDLE_CUTS, REPEATS_ALLOWED, Received, Session
from cwtchd.protocol.model import EncryptedGroupMessage
from cwtchd.protocol.server_table import ROWS_MOST
from cwtchd.store import server_rows
from cwtchd.store import servers as store
from cwtchd.store.servers import Fault
from tests.support.servers import add, anchor, message
from tests.support.unit_of_work import Desk

DAY = 24 * 60 * 60 * 1000


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    made.now = 20_000 * DAY
    add(made)
    yield made
    made.database.close()


def begin(desk: Desk) -> Session:
    return desk.run(lambda uow: server_sync.begin_session(uow, 1)).value


def receive(
    desk: Desk, session: Session, rows: Sequence[EncryptedGroupMessage], live: bool = False
) -> Received:
    return desk.run(lambda uow: server_sync.received(uow, session, rows, live)).value


def end(desk: Desk, session: Session, complete: bool, counted: int, announced: int) -> tuple[Fault, ...]:
    return desk.run(lambda uow: server_sync.ended(uow, session, complete, counted, announced)).value


def sync(desk: Desk, *rows: EncryptedGroupMessage) -> Received:
    session = begin(desk)
    got = receive(desk, session, rows)
    assert end(desk, session, True, len(rows), len(rows)) == ()
    return got


def kept(desk: Desk) -> int:
    return int(desk.database.sql.exec_driver_sql("SELECT count(*) FROM server_rows").scalar_one())


def test_a_row_is_new_once_by_the_whole_of_it(desk: Desk) -> None:
    junk = EncryptedGroupMessage(b"junk under the same signature", message(1).signature)
    assert sync(desk, message(1), message(1)).new == (message(1),)
    assert sync(desk, junk, message(1), message(2)).new == (junk, message(2))
    row = desk.run(lambda uow: servers.get(uow, 1))
    assert (row.rows, row.last_synced_at) == (3, desk.now)
    with pytest.raises(NotFound):
        desk.run(lambda uow: server_sync.begin_session(uow, 9))


def test_a_session_resumes_at_the_newest_anchor_that_came_in_two(desk: Desk) -> None:
    assert begin(desk).resume is None
    sync(desk, anchor(1), message(1), anchor(2))
    assert begin(desk).resume is None
    sync(desk, anchor(1), message(1), anchor(2), anchor(3))
    assert begin(desk).resume == anchor(2).signature
    sync(desk, anchor(2), anchor(3))
    assert begin(desk).resume == anchor(3).signature
    assert anchor(3).signature.hex() not in repr(begin(desk))


def test_what_came_live_came_in_no_replay_yet(desk: Desk) -> None:
    session = begin(desk)
    desk.run(lambda uow: server_sync.caught_up(uow, session))
    receive(desk, session, [anchor(1)], live=True)
    end(desk, session, True, 0, 0)
    sync(desk, anchor(1))
    assert begin(desk).resume is None
    sync(desk, anchor(1))
    assert begin(desk).resume == anchor(1).signature


def test_one_session_is_one_however_often_it_shows_a_row(desk: Desk) -> None:
    session = begin(desk)
    for _ in range(3):
        receive(desk, session, [anchor(1)])
        receive(desk, session, [anchor(1)], live=True)
    end(desk, session, True, 3, 3)
    assert begin(desk).resume is None


def test_a_session_that_was_cut_off_counts_for_what_it_brought(desk: Desk) -> None:
    receive(desk, begin(desk), [anchor(1)])  # and the process dies
    receive(desk, begin(desk), [anchor(1)])
    assert begin(desk).resume == anchor(1).signature


def test_what_is_no_signature_or_no_anchor_is_never_resumed_at(desk: Desk) -> None:
    odd = EncryptedGroupMessage(b"x", b"short")
    plain = next(message(n) for n in range(9) if not anchors.is_anchor(message(n).signature, 4))
    for _ in range(3):
        sync(desk, odd, plain)
    assert begin(desk).resume is None


def test_a_late_session_brings_nothing(desk: Desk) -> None:
    late = begin(desk)
    newer = begin(desk)
    assert receive(desk, late, [message(1)]) == Received((), over=True)
    assert end(desk, late, True, 1, 1) == ()
    assert receive(desk, newer, [message(1)]) == Received((message(1),))
    end(desk, newer, True, 1, 1)
    assert receive(desk, newer, [message(2)]).over


def test_a_busy_server_is_resumed_at_rarer_anchors(desk: Desk) -> None:
    rows = [
        anchor(1, 6),
        *(anchor(n) for n in range(2, 9) if anchors.level(anchor(n).signature) < 6),
    ]
    for _ in range(2):
        sync(desk, *rows)
    assert begin(desk).resume == rows[-1].signature
    for day in range(20_001, 20_008):
        desk.run(partial(store.count_rows, server=1, of_days={day: 2048}))
    desk.now = 20_008 * DAY
    assert begin(desk).resume == anchor(1, 6).signature


def test_rows_are_counted_on_the_days_on_which_they_came(desk: Desk) -> None:
    first = begin(desk)
    receive(desk, first, [message(n) for n in range(10)])
    assert desk.run(lambda uow: store.days(uow, 1)) == {}  # nobody knows how old they are
    desk.run(lambda uow: server_sync.caught_up(uow, first))
    receive(desk, first, [message(10)], live=True)
    assert desk.run(lambda uow: store.days(uow, 1)) == {20_000: 1}
    desk.now += 3 * DAY
    receive(desk, begin(desk), [message(n) for n in range(11, 19)])
    assert desk.run(lambda uow: store.days(uow, 1)) == {20_000: 3, 20_001: 2, 20_002: 2, 20_003: 2}
    counting = desk.run(lambda uow: store.counting(uow, 1))
    assert (counting.rows, counting.counted_to, counting.counted_from) == (19, 20_000, 20_001)
    desk.now += 100 * DAY
    receive(desk, begin(desk), [message(n) for n in range(20, 28)])
    assert set(desk.run(lambda uow: store.days(uow, 1))) == set(range(20_096, 20_104))


def test_anchors_are_bounded(desk: Desk) -> None:
    rows = [anchor(number) for number in range(60)]
    for _ in range(2):
        sync(desk, *rows)
    sql = "SELECT level, count(*) FROM server_anchors GROUP BY level"
    found: dict[int, int] = dict(map(tuple, desk.database.sql.exec_driver_sql(sql)))
    # Those that may be resumed at, and those that may not yet.
    assert found[anchors.LEAST_BITS] == 2 * ANCHORS_KEPT
    assert max(found.values()) <= 2 * ANCHORS_KEPT


def test_rows_before_the_anchor_are_forgotten_a_few_at_a_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_sync, "REORDERED", 10)
    monkeypatch.setattr(server_sync, "_FORGOTTEN_AT_ONCE", 7)
    rows = [message(number) for number in range(100)]
    for _ in range(2):
        sync(desk, *rows, anchor(1))
    assert kept(desk) == 101
    session = begin(desk)
    assert session.resume == anchor(1).signature
    receive(desk, session, [anchor(1)])
    assert kept(desk) == 101 - 7
    for number in range(200, 230):
        receive(desk, session, [message(number)], live=True)
    assert kept(desk) == 11 + 30  # the anchor, ten before it, and what is new
    assert receive(desk, session, rows[-10:]).new == ()
    row = desk.run(lambda uow: server_rows.session(uow, 1))
    assert row is not None
    assert row.forgotten
    again = begin(desk)
    row = desk.run(lambda uow: server_rows.session(uow, 1))
    assert row is not None
    assert row.forgotten
    assert again.resume == anchor(1).signature


def test_a_count_that_was_not_kept_is_named(desk: Desk) -> None:
    assert end(desk, begin(desk), True, 3, 4) == (Fault.SHORT_COUNT,)
    assert desk.run(lambda uow: servers.get(uow, 1)).faults == (Fault.SHORT_COUNT,)
    assert desk.run(lambda uow: servers.get(uow, 1)).last_synced_at is None


def test_a_circuit_breaks_now_and_then_but_not_always_at_the_same_place(desk: Desk) -> None:
    for number in range(3 * IDLE_CUTS):  # brings something each time
        session = begin(desk)
        receive(desk, session, [message(number)])
        assert end(desk, session, False, 1, 9) == ()
    for _ in range(2 * IDLE_CUTS):  # was not reached
        assert end(desk, begin(desk), False, 0, 0) == ()
    for _ in range(IDLE_CUTS - 1):
        assert end(desk, begin(desk), False, 1, 9) == ()
    assert sync(desk).new == ()  # a whole one: nothing is held against it
    for _ in range(IDLE_CUTS - 1):
        assert end(desk, begin(desk), False, 1, 9) == ()
    assert end(desk, begin(desk), False, 1, 9) == (Fault.SHORT_COUNT,)


def test_an_endless_replay_is_named(desk: Desk) -> None:
    assert end(desk, begin(desk), False, 0, ROWS_MOST + 1) == (Fault.ENDLESS,)


def test_rows_without_end_that_are_always_the_same_are_named(desk: Desk) -> None:
    sync(desk, message(0))
    session = begin(desk)
    desk.run(lambda uow: server_sync.caught_up(uow, session))
    for _ in range(REPEATS_ALLOWED // 50):
        assert not receive(desk, session, [message(0)] * 50, live=True).over
    assert receive(desk, session, [message(0)], live=True).over
    assert desk.run(lambda uow: servers.get(uow, 1)).faults == (Fault.REPEATS,)
    assert receive(desk, session, [message(1)], live=True).over
    assert not receive(desk, begin(desk), [message(0)]).over


def test_an_honest_servers_repeats_are_not_held_against_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_sync, "REPEATS_ALLOWED", 3)
    session = begin(desk)
    posted_meanwhile = [message(number) for number in range(40)]
    assert not receive(desk, session, posted_meanwhile).over
    assert not receive(desk, session, posted_meanwhile, live=True).over
    sync(desk, *posted_meanwhile)  # what was received before is no repeat
    assert not desk.run(lambda uow: servers.get(uow, 1)).faults
