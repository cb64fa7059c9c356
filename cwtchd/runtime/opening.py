"""A Ledger brought up, and ended again: its database open and its first unit run, or nothing left behind.

Whatever the disk or the driver says, who asked is told `storage_failed`; the log says what it was.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar, cast

from twisted.internet.defer import Deferred

from cwtchd import log
from cwtchd.app.effects import Outcome
from cwtchd.app.errors import StorageFailed
from cwtchd.runtime.ledger import Ledger
from cwtchd.store.database import Database, DatabaseUnreadable, UnitOfWork

T = TypeVar("T")


class Threads(Protocol):
    """How blocking work is done: on threads, or inline in tests."""

    def on_vault(self, work: Callable[[], T]) -> "Deferred[T]":
        """Runs the work on the vault's thread."""

    def new_ledger(
        self,
        open_database: Callable[[], Database],
        opened: Callable[[Exception | None], None],
        log_grew: Callable[[], None],
    ) -> Ledger:
        """Starts a Ledger; `opened` is called on the loop once its database is open, or can't be."""


async def open_ledger(
    threads: Threads, whose: str, open_database: Callable[[], Database], log_grew: Callable[[], None]
) -> Ledger:
    """A Ledger whose database is open; `whose` is for the log, in constant words. Raises StorageFailed."""
    opened: Deferred[None] = Deferred()

    def told(error: Exception | None) -> None:
        if error is None:
            opened.callback(None)
        else:
            opened.errback(error)

    ledger = threads.new_ledger(open_database, told, log_grew)
    try:
        await opened
    except DatabaseUnreadable as error:
        log.info(f"{whose} could not be opened", reason=str(error))
        raise StorageFailed from None
    except Exception as error:  # noqa: BLE001 - whatever the disk or the driver says, the caller is told storage_failed
        log.unforeseen(f"{whose} could not be opened", error)
        raise StorageFailed from None
    return ledger


async def first_unit(ledger: Ledger, whose: str, unit: Callable[[UnitOfWork], T]) -> T:
    """Runs the first unit of an opened Ledger; where that fails the Ledger is closed. Raises StorageFailed."""
    ran: Deferred[T] = Deferred()

    def done(outcome: Outcome[object] | Exception) -> None:
        if isinstance(outcome, Exception):
            ran.errback(outcome)
        else:
            ran.callback(cast("T", outcome.value))

    ledger.submit(lambda uow: Outcome(unit(uow)), done)
    try:
        return await ran
    except Exception as error:  # noqa: BLE001 - as above
        log.unforeseen(f"{whose} could not be begun", error)
        await ended(ledger.close)
        raise StorageFailed from None


async def ended(close: Callable[[Callable[[], None]], None]) -> None:
    """Waits for a close that calls back."""
    closed: Deferred[None] = Deferred()
    close(lambda: closed.callback(None))
    await closed
