"""What a hosted server keeps: whole, in order, without holes, and nothing else."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlcipher3.dbapi2 as sqlcipher

from cwtchd.protocol.model import EncryptedGroupMessage
from cwtchd.store import board, board_schema
from cwtchd.store.board import BOARD_SCRIPTS, Totals, open_board
from cwtchd.store.database import Database, DatabaseUnreadable, migrations
from cwtchd.store.hot import Hot
from tests.support.hosted_board import ALL, HOUR, BoardDesk, message


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[BoardDesk]:
    desk = BoardDesk(tmp_path)
    yield desk
    desk.database.close()


def add(desk: BoardDesk, each: EncryptedGroupMessage) -> int | None:
    return desk.run(lambda uow: board.add(uow, each))


def rows(desk: BoardDesk) -> list[int]:
    return [row.id for row in desk.run(lambda uow: board.page(uow, 0, ALL, 10_000))]


def test_the_schema_in_one_view_is_what_the_migrations_make(desk: BoardDesk) -> None:
    for table in (board_schema.messages, board_schema.spent_tokens):
        made = {
            row[1]: (row[2], bool(row[3]) or bool(row[5]))
            for row in desk.database.sql.exec_driver_sql(f"PRAGMA table_info({table.name})")
        }
        drawn = {column.name: (str(column.type), not column.nullable) for column in table.columns}
        assert made == drawn, table.name
    version = desk.database.sql.exec_driver_sql("PRAGMA user_version").scalar_one()
    assert version == len(migrations(BOARD_SCRIPTS))


def test_a_message_comes_back_as_it_was(desk: BoardDesk) -> None:
    kept = [message(1, size=40), message(2, size=5874), message(3, size=41)]
    assert [add(desk, each) for each in kept] == [1, 2, 3]
    assert [row.message for row in desk.run(lambda uow: board.page(uow, 0, ALL, 10))] == kept
    assert [row.id for row in desk.run(lambda uow: board.page(uow, 1, ALL, 1))] == [2]
    assert [row.id for row in desk.run(lambda uow: board.page(uow, 1, 2, 10))] == [2]
    size = sum(len(each.ciphertext) + len(each.signature) for each in kept)
    assert desk.run(board.sums) == Totals(3, size, 3)


def test_the_same_message_is_kept_once_and_any_other_beside_it(desk: BoardDesk) -> None:
    mine = message(1)
    junk = [message(1, nonce=9), message(1, box=9), message(1, size=41)]
    for each in (*junk, mine):
        assert add(desk, each) is not None
    for each in (mine, *junk):
        assert add(desk, each) is None
    assert [row.message for row in desk.run(lambda uow: board.page(uow, 0, ALL, 10))] == [*junk, mine]
    assert desk.run(board.sums).posts == 4
    assert desk.run(lambda uow: board.start_of(uow, mine.signature)).first == 1
    assert rows(desk) == [1, 2, 3, 4]


def test_ids_have_no_hole_and_are_never_used_again(desk: BoardDesk) -> None:
    assert desk.run(board.ends) == (1, 0)
    add(desk, message(1))
    with pytest.raises(ZeroDivisionError):
        desk.run(lambda uow: (board.add(uow, message(2)), 1 // 0))
    add(desk, message(1))
    add(desk, message(3))
    assert rows(desk) == [1, 2]
    desk.run(lambda uow: board.remove_through(uow, 2))
    assert desk.run(board.ends) == (3, 2)
    add(desk, message(4))
    assert desk.run(board.ends) == (3, 3)
    assert desk.run(board.sums) == Totals(1, 104, 3)


def test_a_token_is_spent_once(desk: BoardDesk) -> None:
    secret = os.urandom(32)
    assert not desk.run(lambda uow: board.is_spent(uow, secret))
    desk.run(lambda uow: board.spend(uow, secret))
    assert desk.run(lambda uow: board.is_spent(uow, secret))
    with pytest.raises(sqlcipher.IntegrityError):
        desk.run(lambda uow: board.spend(uow, secret))


def test_no_time_is_finer_than_the_hour(desk: BoardDesk) -> None:
    for minute in (0, 17, 59):
        desk.now = 500_000 * HOUR + minute * 60_000 + 123
        add(desk, message(minute))
    assert [row.hour for row in desk.run(lambda uow: list(board.by_age(uow)))] == [500_000] * 3


def test_a_lost_file_is_not_made_anew_by_itself(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreadable, match=r"board\.db"):
        open_board(tmp_path / "board.db", make=False)
    open_board(tmp_path / "board.db", make=True).close()
    assert (tmp_path / "board.db").stat().st_mode & 0o777 == 0o600
    open_board(tmp_path / "board.db", make=False).close()


def test_pages_and_places_are_found_by_an_index(desk: BoardDesk) -> None:
    """A search that reads everything would show only once a board is large."""
    by_id_until_enough = {board._by_age, board._bytes, board._insert}
    for name, statement in vars(board).items():
        if not isinstance(statement, Hot):
            continue
        plan = desk.database.sql.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {statement._sql}", tuple(None for _ in statement._names)
        ).all()
        told = [row[3] for row in plan]
        assert not [line for line in told if "TEMP B-TREE" in line], name
        assert ("SCAN messages" in told) == (statement in by_id_until_enough), (name, told)


def test_another_kind_of_database_is_no_board(tmp_path: Path) -> None:
    Database.open(tmp_path / "board.db", bytes(32), make=True).close()
    with pytest.raises(DatabaseUnreadable):
        open_board(tmp_path / "board.db", make=False)


def test_what_is_removed_is_no_longer_in_the_file(desk: BoardDesk) -> None:
    canary = message(1, size=2_000)
    canary = type(canary)(canary.ciphertext[:100] + b"a canary of a message" * 20, canary.signature)
    add(desk, canary)
    desk.run(lambda uow: board.remove_through(uow, 1))
    desk.database.sql.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"a canary" not in desk.path.read_bytes()
