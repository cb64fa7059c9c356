"""A profile's row: what an older cwtchd wrote starts by itself, and what its owner changes stays."""

from pathlib import Path

from cwtchd.app import profile as decisions
from cwtchd.store import profiles
from cwtchd.store.database import Database, UnitOfWork, migrations, statements
from tests.support.unit_of_work import OWN, Desk

KEY = bytes(32)


def test_a_profile_from_before_autostart_starts_by_itself(tmp_path: Path) -> None:
    older = tmp_path / "db"
    database = Database.open(older, KEY, make=True)
    database.sql.exec_driver_sql("PRAGMA foreign_keys = OFF")
    for (name,) in database.sql.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).all():
        database.sql.exec_driver_sql(f"DROP TABLE {name}")
    for script in migrations()[:2]:
        for statement in statements(script):
            database.sql.exec_driver_sql(statement)
    database.sql.exec_driver_sql("INSERT INTO profile VALUES (1, ?, ?, 'old', 7)", (OWN.onion, OWN.seed))
    database.sql.exec_driver_sql("PRAGMA user_version = 2")
    database.close()
    database = Database.open(older, KEY, make=False)
    found = profiles.read(UnitOfWork(database.sql, 0, bytes))
    assert found is not None
    assert (found.name, found.created_at, found.autostart) == ("old", 7, True)
    database.close()


def test_a_change_is_kept_and_told_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    renamed = desk.run(lambda uow: decisions.rename(uow, "another"))
    assert (renamed.value.name, renamed.value.autostart, len(renamed.effects)) == ("another", True, 1)
    stopped = desk.run(lambda uow: decisions.set_autostart(uow, False))
    assert (stopped.value.name, stopped.value.autostart) == ("another", False)
    assert desk.run(profiles.read) == stopped.value
    assert desk.told() == ["profile.changed", "profile.changed"]
    for again in (
        desk.run(lambda uow: decisions.rename(uow, "another")),
        desk.run(lambda uow: decisions.set_autostart(uow, False)),
    ):
        assert again.effects == ()
    assert len(desk.told()) == 2
    desk.database.close()
