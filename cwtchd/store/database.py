"""One SQLite file, its one connection, and the unit of work in which everything is read and written.

A profile's is SQLCipher under a raw key; the daemon's own is plain, since it holds nothing of any profile.

Rules: a Database lives on one thread (its Ledger's). Transactions are plain SQL, issued here and nowhere else. Parameters never
stand in an exception (`hide_parameters`). The key is raw, so that opening costs milliseconds; the password's cost is the vault's.
"""

import importlib.resources
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import Connection, CursorResult, create_engine
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import StaticPool

from cwtchd.config import EVENTS_KEPT

BUSY_MILLISECONDS = 5_000
"""How long SQLite waits for a lock that only a backup tool could hold: nobody else opens a profile's file."""

PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    f"busy_timeout = {BUSY_MILLISECONDS}",
    "temp_store = MEMORY",
    "secure_delete = ON",
)


PROFILE_SCRIPTS = "cwtchd.store.migrations"
DAEMON_SCRIPTS = "cwtchd.store.daemon_migrations"


class DatabaseUnreadable(Exception):
    """The file does not open with this key, or was made by a newer cwtchd."""


@dataclass(slots=True)
class UnitOfWork:
    """One unit's view of the database: inside it everything happens or nothing does."""

    sql: Connection
    now: int
    """when the unit runs, milliseconds since the epoch"""
    randomness: Callable[[int], bytes]
    events_kept: int = EVENTS_KEPT
    """so many rows of the log are kept at least"""
    wrote_events: bool = field(default=False)
    """a row was added to the log: whoever follows it is woken after the commit"""

    @property
    def driver(self) -> sqlite3.Connection:
        """The driver's own connection, for statements that are compiled already (hot.py)."""
        return driver_of(self.sql)


class Database:
    """An open database. Every method is for its own thread only."""

    def __init__(self, connection: Connection) -> None:
        self.sql = connection
        self._driver = driver_of(connection)

    @classmethod
    def open(cls, path: Path, key: bytes | None, *, make: bool, scripts: str = PROFILE_SCRIPTS) -> Self:
        """Opens the file at `path` under the 32-byte raw key, None where it is plain; makes it only where `make` says so.

        `scripts` is the package of its migrations: it is brought to the newest. Raises DatabaseUnreadable, and DBAPIError or
        OSError where the disk fails.
        """
        if not make and (not path.exists() or path.stat().st_size == 0):
            raise DatabaseUnreadable("The profile's file is not there: put back the one that belongs to it.")

        def connect() -> sqlite3.Connection:
            raw: sqlite3.Connection = sqlcipher.connect(
                str(path), isolation_level=None, check_same_thread=False
            )
            raw.execute("PRAGMA cipher_log_level = NONE")  # it would write to standard error by itself
            if key is not None:
                raw.execute("PRAGMA cipher_memory_security = ON")
                raw.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
            return raw

        path.touch(mode=0o600, exist_ok=True)
        engine = create_engine(
            "sqlite://",
            module=sqlcipher,
            creator=connect,
            poolclass=StaticPool,
            hide_parameters=True,
            isolation_level="AUTOCOMMIT",  # SQLAlchemy leaves transactions alone: `begin` and `commit` below are plain SQL
        )
        database = cls(engine.connect())
        try:
            for pragma in PRAGMAS:
                database.sql.exec_driver_sql(f"PRAGMA {pragma}")
            database._migrate(migrations(scripts))
        except DBAPIError as error:
            database.close()
            if "not a database" in str(error.orig):
                raise DatabaseUnreadable("The file does not open with its key, or is damaged.") from None
            raise
        except DatabaseUnreadable:
            database.close()
            raise
        return database

    def _migrate(self, scripts: list[str]) -> None:
        had = self.sql.exec_driver_sql("PRAGMA user_version").scalar_one()
        if had > len(scripts):
            raise DatabaseUnreadable("The file was last used by a newer cwtchd: start that one.")
        if had == len(scripts):
            return
        self.begin()
        for script in scripts[had:]:
            for statement in statements(script):
                self.sql.exec_driver_sql(statement)
        self.sql.exec_driver_sql(f"PRAGMA user_version = {len(scripts)}")
        self.commit()

    def begin(self) -> None:
        """Opens the transaction of a batch."""
        self._driver.execute("BEGIN IMMEDIATE")

    def savepoint(self) -> None:
        """Opens the savepoint of one unit."""
        self.sql.exec_driver_sql("SAVEPOINT unit")

    def release(self) -> None:
        """Keeps what the unit did, for the commit to come."""
        self.sql.exec_driver_sql("RELEASE unit")

    def undo(self) -> None:
        """Takes back what the unit did, and nothing else."""
        self.sql.exec_driver_sql("ROLLBACK TO unit")
        self.sql.exec_driver_sql("RELEASE unit")

    def commit(self) -> None:
        """Makes the batch durable. SQL text, so that it fails where SQLite has already ended the transaction."""
        self._driver.execute("COMMIT")

    def abandon(self) -> None:
        """Ends a batch that can't be kept; SQLite may have ended the transaction by itself before."""
        if self.in_transaction:
            self.sql.exec_driver_sql("ROLLBACK")

    @property
    def in_transaction(self) -> bool:
        """Whether SQLite itself still holds the batch's transaction open."""
        return self._driver.in_transaction

    @property
    def changes(self) -> int:
        """How many rows were written since the file was opened, whatever became of them."""
        return self._driver.total_changes

    def close(self) -> None:
        """Gives the file back. The Database is of no use afterwards."""
        engine = self.sql.engine
        self.sql.close()
        engine.dispose()


def inserted_id(result: CursorResult[Any]) -> int:
    """The id of the row that an INSERT made."""
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])


def ends_batch(error: BaseException) -> bool:
    """Whether a unit's error is the disk's or the driver's, after which nothing of its batch may be kept."""
    return isinstance(error, DBAPIError | sqlcipher.Error) and not isinstance(
        error, IntegrityError | sqlcipher.IntegrityError
    )


def driver_of(connection: Connection) -> sqlite3.Connection:
    """The driver's connection below SQLAlchemy's: the same transaction, the same file."""
    driver: sqlite3.Connection = connection.connection.dbapi_connection  # type: ignore[assignment] # sqlcipher3's
    return driver


def migrations(package: str = PROFILE_SCRIPTS) -> list[str]:
    """The scripts in order; a database's `user_version` counts those that it has had."""
    folder = importlib.resources.files(package)
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [(folder / name).read_text("utf-8") for name in names]


def statements(script: str) -> list[str]:
    """A migration's statements: the driver runs one at a time inside our transaction (`executescript` would commit it)."""
    found, current = [], ""
    for line in script.splitlines(keepends=True):
        current += line
        if sqlite3.complete_statement(current):
            found.append(current)
            current = ""
    return found
