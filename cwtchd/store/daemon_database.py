"""The daemon's own database: plain SQLite, made when there is first something to keep, and open only while it is used.

What is in it is asked for seldom, so that no file of the home is held open for it, and a disk that can be written again is written again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cwtchd.store.database import DAEMON_SCRIPTS, Database, UnitOfWork

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DaemonDatabase:
    """The file, and what a unit of work on it needs. `run` blocks: the vault's thread calls it."""

    path: Path
    now: Callable[[], int]
    randomness: Callable[[int], bytes]

    @property
    def empty(self) -> bool:
        """Nothing was ever kept."""
        return not self.path.exists()

    def run(self, unit: Callable[[UnitOfWork], T]) -> T:
        """Runs one unit in one transaction; what it raises takes it back.

        Raises DatabaseUnreadable, and DBAPIError or OSError where the disk fails.
        """
        database = Database.open(self.path, None, make=True, scripts=DAEMON_SCRIPTS)
        try:
            database.begin()
            result = unit(UnitOfWork(database.sql, self.now(), self.randomness))
            database.commit()
        except BaseException:
            database.abandon()
            raise
        finally:
            database.close()
        return result
