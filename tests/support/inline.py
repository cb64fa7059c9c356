"""Blocking work in the caller's thread: what makes conversations as text deterministic.

The inline Ledger keeps the real one's promises: one transaction a unit, outcomes only after the commit, in the order of submission.
"""

from collections import deque
from collections.abc import Callable
from typing import TypeVar

from twisted.internet.defer import Deferred, execute

from cwtchd.runtime.ledger import Done, Ledger, Queued, Source, Unit, run_batch
from cwtchd.store.database import Database, UnitOfWork

T = TypeVar("T")


class InlineLedger:
    """A Ledger without a thread. `before_telling` lets a test crash between commit and effect."""

    def __init__(
        self, database: Database, new_unit_of_work: Callable[[], UnitOfWork], log_grew: Callable[[], None]
    ) -> None:
        self.database = database
        self.before_telling: Callable[[bool], None] = lambda _: None
        self.dead = False
        self._new_unit_of_work = new_unit_of_work
        self._log_grew = log_grew
        self._queue: deque[Queued] = deque()
        self._running = False

    @property
    def pressed(self) -> bool:
        return False

    def submit(self, unit: Unit, done: Done, source: Source | None = None) -> None:
        if self.dead:
            return
        self._queue.append(Queued(unit, done, source))
        if self._running:
            return  # an effect submits: it runs once the outcome that caused it is told
        self._running = True
        try:
            while self._queue and not self.dead:
                told, wrote = run_batch(self.database, [self._queue.popleft()], self._new_unit_of_work)
                self.before_telling(wrote)
                for tell, outcome in told:
                    tell(outcome)
                if wrote:
                    self._log_grew()
        finally:
            self._running = False

    def close(self, closed: Callable[[], None]) -> None:
        self.database.close()
        closed()


class InlineThreads:
    """No threads at all."""

    def __init__(self, now: Callable[[], int], randomness: Callable[[int], bytes]) -> None:
        self._now = now
        self._randomness = randomness
        self.ledgers: list[InlineLedger] = []

    def on_vault(self, work: Callable[[], T]) -> "Deferred[T]":
        return execute(work)

    def new_ledger(
        self,
        open_database: Callable[[], Database],
        opened: Callable[[Exception | None], None],
        log_grew: Callable[[], None],
    ) -> Ledger:
        database = open_database()
        ledger = InlineLedger(
            database, lambda: UnitOfWork(database.sql, self._now(), self._randomness), log_grew
        )
        self.ledgers.append(ledger)
        opened(None)
        return ledger
