"""What ends a unit, what ends a batch, what ends a source: each with a test that fails without it."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError
from twisted.internet.defer import Deferred

from cwtchd.app.effects import Outcome
from cwtchd.app.errors import NotFound, StorageFailed
from cwtchd.runtime.ledger import Done, Queued, Source, SourceEnded, ThreadLedger, Unit, run_batch
from cwtchd.store.database import Database, UnitOfWork
from tests.support.disk import remount, small_disk

KEY = bytes(32)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(tmp_path / "db", KEY, make=True)
    yield opened
    opened.close()


@pytest.fixture(name="small_disk")
def _small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path, "1m") as disk:
        yield disk


def keep(address: str, until: int = 1) -> Unit:
    def unit(uow: UnitOfWork) -> Outcome[object]:
        uow.sql.exec_driver_sql("INSERT INTO rejections VALUES (?, ?)", (address, until))
        return Outcome(address)

    return unit


def kept(database: Database) -> list[str]:
    return [row[0] for row in database.sql.exec_driver_sql("SELECT address FROM rejections ORDER BY 1")]


def run(database: Database, units: list[tuple[Unit, Source | None]]) -> list[object]:
    told: list[object] = []

    def done(outcome: Outcome[object] | Exception) -> None:
        told.append(outcome.value if isinstance(outcome, Outcome) else type(outcome))

    queued = [Queued(unit, done, source) for unit, source in units]
    results, _ = run_batch(database, queued, lambda: UnitOfWork(database.sql, 0, os.urandom))
    for tell, outcome in results:
        tell(outcome)
    return told


def test_a_refusal_takes_back_its_own_unit_only(database: Database) -> None:
    def refused(uow: UnitOfWork) -> Outcome[object]:
        keep("refused")(uow)
        raise NotFound

    assert run(database, [(keep("a"), None), (refused, None), (keep("b"), None)]) == ["a", NotFound, "b"]
    assert kept(database) == ["a", "b"]


def test_a_constraint_and_an_unforeseen_error_take_back_their_own_unit_only(database: Database) -> None:
    def unforeseen(uow: UnitOfWork) -> Outcome[object]:
        keep("unforeseen")(uow)
        raise ZeroDivisionError

    told = run(database, [(keep("a"), None), (keep("a", 2), None), (unforeseen, None), (keep("b"), None)])
    assert told == ["a", IntegrityError, ZeroDivisionError, "b"]
    assert kept(database) == ["a", "b"]


def test_a_transaction_that_ended_inside_a_unit_ends_the_batch(database: Database) -> None:
    def ends_it(uow: UnitOfWork) -> Outcome[object]:
        keep("lost")(uow)
        uow.sql.exec_driver_sql("ROLLBACK")  # as SQLite does by itself on a full disk
        return Outcome("ok")

    told = run(database, [(keep("a"), None), (ends_it, None), (keep("b"), None)])
    assert set(told) == {StorageFailed}
    assert kept(database) == []
    assert run(database, [(keep("c"), None)]) == ["c"]


def test_a_batch_that_is_run_again_keeps_each_unit_once_and_turns_away_the_same(database: Database) -> None:
    def turned_away(uow: UnitOfWork) -> Outcome[object]:
        keep("turned away")(uow)
        return Outcome("turned away", last=True)

    def late(uow: UnitOfWork) -> Outcome[object]:
        keep("late")(uow)
        raise NotFound

    source = Source()
    units: list[tuple[Unit, Source | None]] = [(keep("a"), None), (turned_away, source)]
    units += [(keep("after"), source), (late, None), (keep("b"), None)]
    assert run(database, units) == ["a", "turned away", SourceEnded, NotFound, "b"]
    assert kept(database) == ["a", "b", "turned away"]
    assert source.ended


def test_a_source_that_was_turned_away_is_heard_no_more(database: Database) -> None:
    def turned_away(uow: UnitOfWork) -> Outcome[object]:
        return Outcome("turned away", last=True)

    source, other = Source(), Source()
    told = run(database, [(turned_away, source), (keep("after"), source), (keep("other"), other)])
    assert told == ["turned away", SourceEnded, "other"]
    assert kept(database) == ["other"]


def test_a_source_whose_unit_failed_is_heard_no_more(database: Database) -> None:
    def unforeseen(uow: UnitOfWork) -> Outcome[object]:
        raise ZeroDivisionError

    source = Source()
    assert run(database, [(unforeseen, source), (keep("after"), source)]) == [ZeroDivisionError, SourceEnded]
    assert run(database, [(keep("later"), source)]) == [SourceEnded]
    assert kept(database) == []


def test_on_a_full_disk_no_unit_is_told_ok_that_is_not_there(small_disk: Path) -> None:
    database = Database.open(small_disk / "db", KEY, make=True)
    told_ok: list[object] = []
    failures = 0
    for batch in range(200):
        source = Source()
        units: list[tuple[Unit, Source | None]] = [
            (keep(f"{batch:03}-{unit:02}-" + "x" * 2000), source) for unit in range(10)
        ]
        told = run(database, units)
        told_ok += [value for value in told if isinstance(value, str)]
        if StorageFailed in told:
            assert set(told) == {StorageFailed}, "one batch is kept whole or not at all"
            assert source.ended
            failures += 1
    assert failures > 0
    assert told_ok
    assert kept(database) == sorted(str(address) for address in told_ok)
    remount(small_disk, "size=8m")
    assert run(database, [(keep("room again"), None)]) == ["room again"]
    database.close()


async def test_a_ledger_answers_in_order_on_the_loop_and_closes(tmp_path: Path) -> None:
    opened: Deferred[None] = Deferred()
    grew: list[bool] = []
    ledger = ThreadLedger(
        asyncio.get_running_loop().call_soon_threadsafe,
        lambda: Database.open(tmp_path / "db", KEY, make=True),
        lambda error: opened.errback(error) if error else opened.callback(None),
        lambda database: UnitOfWork(database.sql, 0, os.urandom, wrote_events=True),
        lambda: grew.append(True),
    )
    await opened
    told: list[object] = []
    all_told: Deferred[None] = Deferred()

    def done(outcome: Outcome[object] | Exception) -> None:
        told.append(outcome.value if isinstance(outcome, Outcome) else outcome)
        if len(told) == 500:
            all_told.callback(None)

    def count(number: int) -> tuple[Unit, Done]:
        return lambda uow: Outcome(number), done

    for number in range(500):
        ledger.submit(*count(number))
    await all_told
    assert told == list(range(500))
    assert grew
    closed: Deferred[None] = Deferred()
    ledger.submit(keep("the last"), lambda outcome: None)
    ledger.close(lambda: closed.callback(None))
    await closed
    again = Database.open(tmp_path / "db", KEY, make=True)
    assert kept(again) == ["the last"]
    again.close()


async def test_a_database_that_does_not_open_is_told_and_no_thread_stays(tmp_path: Path) -> None:
    told: Deferred[Exception | None] = Deferred()
    (tmp_path / "db").write_bytes(b"not a database" * 1000)
    ThreadLedger(
        asyncio.get_running_loop().call_soon_threadsafe,
        lambda: Database.open(tmp_path / "db", KEY, make=True),
        told.callback,
        lambda database: UnitOfWork(database.sql, 0, os.urandom),
        lambda: None,
    )
    assert isinstance(await told, Exception)
