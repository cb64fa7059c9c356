"""A Ledger owns one database: its thread, its connection, its queue of units, its batches.

It takes what is queued, at most 64 units or 5 ms of work, runs each inside one transaction, commits, and only then hands each unit's
outcome back to the loop. A savepoint copies every page that its unit writes, which is dear on wiped memory, and hardly ever used: so
a batch runs without, and where a unit fails that has written already, it is rolled back and run again with a savepoint a unit. That
may be, since a unit does nothing but read and write its database. What ends a unit: a refusal, a constraint, an unforeseen exception take back that unit
alone. What ends a batch: any other error of the driver, or a transaction that SQLite has ended by itself; then nothing of the batch
is kept and every unit of it fails with `storage_failed`. A unit that was turned away ends its Source: what is queued from the same
connection is dropped, since it would overtake.
"""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Protocol

from cwtchd import log
from cwtchd.app.effects import Outcome
from cwtchd.app.errors import StorageFailed
from cwtchd.store.database import Database, UnitOfWork, ends_batch

BATCH_UNITS = 64
BATCH_SECONDS = 0.005
PRESSED_AT = 1_000
"""Past so many queued units whoever feeds the Ledger is to pause."""

Unit = Callable[[UnitOfWork], Outcome[object]]
Done = Callable[[Outcome[object] | Exception], None]


class SourceEnded(Exception):
    """The unit was dropped, unrun: an earlier one of the same source was turned away."""


@dataclass(slots=True, eq=False)
class Source:
    """Where units come from in an order that must hold, such as one connection. Written on the Ledger's thread only."""

    ended: bool = False


@dataclass(frozen=True, slots=True)
class Queued:
    """A unit with whom to tell."""

    unit: Unit
    done: Done
    source: Source | None


class Ledger(Protocol):
    """What the runtime asks of a Ledger; `ThreadLedger` is the real one, tests run an inline one."""

    @property
    def pressed(self) -> bool:
        """Whether whoever feeds it should pause."""

    def submit(self, unit: Unit, done: Done, source: Source | None = None) -> None:
        """Queues a unit; `done` is called on the loop, after the commit, with its outcome or its error."""

    def close(self, closed: Callable[[], None]) -> None:
        """Finishes what is queued, closes the database, then calls `closed` on the loop. Nothing may be submitted after."""


OnLoop = Callable[[Callable[[], None]], object]
"""Has the loop call what it is given, soon, from any thread."""

Told = list[tuple[Done, Outcome[object] | Exception]]


def run_batch(
    database: Database, queued: Iterable[Queued], new_unit_of_work: Callable[[], UnitOfWork]
) -> tuple[Told, bool]:
    """One transaction over what the iterable gives: whom to tell what, and whether the log grew.

    Raises nothing that a unit or the disk raised.
    """
    taken: list[Queued] = []
    coming = iter(queued)
    try:
        try:
            told, wrote = _run_units(database, coming, taken, new_unit_of_work, guarded=False)
        except _LeftTraces:
            database.abandon()
            again = chain(taken.copy(), coming)
            taken.clear()
            told, wrote = _run_units(database, again, taken, new_unit_of_work, guarded=True)
        database.commit()
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing of the batch is kept and everyone in it is told
        for each in taken:
            if each.source is not None:
                each.source.ended = True
        if not ends_batch(error):
            log.unforeseen("a batch could not be run", error)
        _abandon(database)
        return [(each.done, StorageFailed()) for each in taken], False
    return told, wrote


def _abandon(database: Database) -> None:
    """Rolls back; on a disk so sick that even that fails, the next batch's BEGIN says so again."""
    try:
        database.abandon()
    except Exception as error:
        if not ends_batch(error):
            raise
        log.unforeseen("a batch could not be rolled back", error)


class TransactionLost(Exception):
    """SQLite ended the batch's transaction by itself, inside a unit that did not say so."""


class _LeftTraces(Exception):
    """A unit failed after it had written, and no savepoint stands before it."""


def _run_units(
    database: Database,
    queued: Iterable[Queued],
    taken: list[Queued],
    new_unit_of_work: Callable[[], UnitOfWork],
    *,
    guarded: bool,
) -> tuple[Told, bool]:
    told: Told = []
    wrote = False
    ended: set[Source] = set()  # said of them at the end, since a batch may be run again
    for each in queued:
        taken.append(each)
        if len(taken) == 1:
            database.begin()
        if each.source is not None and (each.source.ended or each.source in ended):
            told.append((each.done, SourceEnded()))
            continue
        uow = new_unit_of_work()
        outcome = _run_unit(database, each.unit, uow, guarded=guarded)
        wrote = wrote or (uow.wrote_events and not isinstance(outcome, Exception))
        if each.source is not None and (isinstance(outcome, Exception) or outcome.last):
            ended.add(each.source)
        told.append((each.done, outcome))
    for source in ended:
        source.ended = True
    return told, wrote


def _run_unit(
    database: Database, unit: Unit, uow: UnitOfWork, *, guarded: bool
) -> Outcome[object] | Exception:
    """What became of one unit: all of it is there, or nothing. Raises _LeftTraces, and what ends the batch."""
    before = database.changes
    if guarded:
        database.savepoint()
    try:
        outcome: Outcome[object] | Exception = unit(uow)
    except Exception as error:
        if ends_batch(error):
            raise
        outcome = error
    if not database.in_transaction:
        raise TransactionLost
    if guarded and isinstance(outcome, Exception):
        database.undo()
    elif guarded:
        database.release()
    elif isinstance(outcome, Exception) and database.changes != before:
        raise _LeftTraces
    return outcome


class ThreadLedger:
    """The real Ledger: `open_database` runs on its thread too, and `opened` is told how that went."""

    def __init__(
        self,
        on_loop: OnLoop,
        open_database: Callable[[], Database],
        opened: Callable[[Exception | None], None],
        new_unit_of_work: Callable[[Database], UnitOfWork],
        log_grew: Callable[[], None],
    ) -> None:
        self._call_on_loop = on_loop
        self._new_unit_of_work = new_unit_of_work
        self._log_grew = log_grew
        self._queue: queue.SimpleQueue[Queued | None] = queue.SimpleQueue()
        self._closed: Callable[[], None] = lambda: None
        self._ending = False
        self._thread = threading.Thread(target=self._work, args=(open_database, opened), name="ledger")
        self._thread.start()

    @property
    def pressed(self) -> bool:
        """Whether whoever feeds it should pause."""
        return self._queue.qsize() > PRESSED_AT

    def submit(self, unit: Unit, done: Done, source: Source | None = None) -> None:
        """Queues a unit; `done` is called on the loop, after the commit, with its outcome or its error."""
        self._queue.put(Queued(unit, done, source))

    def close(self, closed: Callable[[], None]) -> None:
        """Finishes what is queued, closes the database, then calls `closed` on the loop."""
        self._closed = closed
        self._queue.put(None)

    def _work(
        self, open_database: Callable[[], Database], opened: Callable[[Exception | None], None]
    ) -> None:
        try:
            database = open_database()
        except Exception as error:  # noqa: BLE001 - handed to the loop, which decides what it means
            self._on_loop(partial(opened, error))
            return
        self._on_loop(partial(opened, None))
        while not self._ending:
            told, wrote = run_batch(database, self._take(), lambda: self._new_unit_of_work(database))
            if told:
                self._on_loop(partial(self._tell, told, wrote))
        database.close()
        self._on_loop(self._joined)

    def _on_loop(self, work: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                work()
            except Exception as error:  # noqa: BLE001 - the loop itself would log it with its values
                log.unforeseen("an outcome could not be told", error)

        self._call_on_loop(guarded)

    def _joined(self) -> None:
        self._thread.join()
        self._closed()

    def _take(self) -> Iterator[Queued]:
        """The units of one batch: the next to come, then what is queued by then, within the bounds. It waits for no more."""
        queued = self._queue.get()
        started = time.monotonic()
        units = 0
        while queued is not None:
            yield queued
            units += 1
            if units == BATCH_UNITS or time.monotonic() - started > BATCH_SECONDS:
                return
            try:
                queued = self._queue.get_nowait()
            except queue.Empty:
                return
        self._ending = True

    def _tell(self, told: Told, wrote: bool) -> None:
        for done, outcome in told:
            try:
                done(outcome)
            except Exception as error:  # noqa: BLE001 - the others of the batch are told all the same
                log.unforeseen("an outcome could not be told", error)
        if wrote:
            self._log_grew()
