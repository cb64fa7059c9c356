"""The database: sealed, private, migrated, and honest about what ends a transaction."""

import os
from pathlib import Path

import pytest
import sqlcipher3.dbapi2 as sqlcipher
from sqlalchemy import bindparam, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from cwtchd.store import schema
from cwtchd.store.database import (
    Database,
    DatabaseUnreadable,
    UnitOfWork,
    ends_batch,
    migrations,
    statements,
)
from cwtchd.store.hot import Hot
from cwtchd.store.schema import rejections

KEY = bytes(range(32))


def test_a_new_file_is_private_and_unreadable_without_its_key(tmp_path: Path) -> None:
    path = tmp_path / "db"
    database = Database.open(path, KEY, make=True)
    assert path.stat().st_mode & 0o777 == 0o600
    database.begin()
    database.sql.exec_driver_sql("INSERT INTO rejections VALUES ('a canary in the database', 1)")
    database.commit()
    database.close()
    assert b"canary" not in path.read_bytes()
    assert not path.read_bytes().startswith(b"SQLite format")
    with pytest.raises(DatabaseUnreadable):
        Database.open(path, os.urandom(32), make=True)
    again = Database.open(path, KEY, make=True)
    assert again.sql.exec_driver_sql("SELECT count(*) FROM rejections").scalar_one() == 1
    again.close()


def test_the_schema_in_one_view_is_what_the_migrations_make(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "db", KEY, make=True)
    for table in schema.metadata.sorted_tables:
        made = {
            row[1]: (row[2], bool(row[3]) or bool(row[5]))
            for row in database.sql.exec_driver_sql(f"PRAGMA table_info({table.name})")
        }
        names = {"INTEGER": "INTEGER", "TEXT": "TEXT", "BLOB": "BLOB"}
        drawn = {column.name: (names[str(column.type)], not column.nullable) for column in table.columns}
        assert made == drawn, table.name
    database.close()


def test_every_older_version_migrates_to_the_newest(tmp_path: Path) -> None:
    for version in range(len(migrations()) + 1):
        path = tmp_path / f"from-{version}"
        database = Database.open(path, KEY, make=True)
        database.sql.exec_driver_sql("PRAGMA writable_schema = RESET")
        for (name,) in database.sql.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).all():
            database.sql.exec_driver_sql("PRAGMA foreign_keys = OFF")
            database.sql.exec_driver_sql(f"DROP TABLE {name}")
        for script in migrations()[:version]:
            for statement in statements(script):
                database.sql.exec_driver_sql(statement)
        database.sql.exec_driver_sql(f"PRAGMA user_version = {version}")
        database.close()
        again = Database.open(path, KEY, make=True)
        assert again.sql.exec_driver_sql("PRAGMA user_version").scalar_one() == len(migrations())
        again.close()


def test_a_database_of_a_newer_cwtchd_is_refused(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "db", KEY, make=True)
    database.sql.exec_driver_sql("PRAGMA user_version = 999")
    database.close()
    with pytest.raises(DatabaseUnreadable, match="newer"):
        Database.open(tmp_path / "db", KEY, make=True)


def test_what_ends_a_batch_is_the_disk_and_not_a_constraint(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "db", KEY, make=True)
    database.begin()
    database.savepoint()
    insert = "INSERT INTO rejections VALUES ('a', 1)"
    database.sql.exec_driver_sql(insert)
    with pytest.raises(IntegrityError) as constraint:
        database.sql.exec_driver_sql(insert)
    assert not ends_batch(constraint.value)
    database.undo()
    assert database.in_transaction
    database.commit()
    with pytest.raises(sqlcipher.Error) as none_open:
        database.commit()
    assert ends_batch(none_open.value)
    database.close()


def test_a_hot_statement_is_as_any_other_and_its_error_as_well(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "db", KEY, make=True)
    uow = UnitOfWork(database.sql, 0, os.urandom)
    add = Hot(insert(rejections), "address", "until")
    add.run(uow, address="canary", until=1)
    read = select(rejections.c.until).where(rejections.c.address == bindparam("address")).limit(1)
    assert Hot(read).run(uow, address="canary").fetchall() == [(1,)]
    with pytest.raises(sqlcipher.IntegrityError) as constraint:
        add.run(uow, address="canary", until=2)
    assert not ends_batch(constraint.value)
    assert "canary" not in str(constraint.value)
    database.close()


def test_no_parameter_stands_in_an_exception(tmp_path: Path) -> None:
    database = Database.open(tmp_path / "db", KEY, make=True)
    with pytest.raises(DBAPIError) as error:
        database.sql.exec_driver_sql("INSERT INTO rejections VALUES (?, ?)", ("canary", "canary"))
    assert "canary" not in str(error.value)
    database.close()
