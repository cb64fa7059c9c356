"""Statements that every call runs, compiled once, when they are imported, and run by the driver itself.

They are SQLAlchemy's expressions all the same. What SQLAlchemy does around each run (its cache, its results) takes longer than SQLite
does for such a statement: half of a `message.send` went there. Rows are tuples in the order of the columns; an error is the driver's,
which names no parameter and which `ends_batch` knows. What holds a list of unknown length (`expanding`) can't be compiled ahead.
"""

import sqlite3
from typing import Any

from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler

from cwtchd.store.database import UnitOfWork


class Hot:
    """A statement; `columns` names what an INSERT will be given."""

    def __init__(self, statement: ClauseElement, *columns: str) -> None:
        compiled = statement.compile(
            dialect=pysqlite.dialect(paramstyle="qmark"), column_keys=list(columns) or None
        )
        assert isinstance(compiled, SQLCompiler)
        self._sql = compiled.string
        self._names = tuple(compiled.positiontup or ())
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}

    def run(self, uow: UnitOfWork, **given: Any) -> sqlite3.Cursor:
        """Runs it with these parameters, each by its name."""
        values = {**self._constants, **given} if self._constants else given
        return uow.driver.execute(self._sql, [values[name] for name in self._names])


def inserted(made: sqlite3.Cursor) -> int:
    """The id of the row that an INSERT made."""
    assert made.lastrowid is not None
    return made.lastrowid
