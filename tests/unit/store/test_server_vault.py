"""The servers of a home: sealed or in the clear, made and removed as a whole, whenever the daemon dies."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlcipher3.dbapi2 as sqlcipher

from cwtchd.config import KdfCost
from cwtchd.store import server_vault
from cwtchd.store.database import Database
from cwtchd.store.server_vault import KeysClosed, KeysUnreadable, ServerUnknown, ServerVault
from cwtchd.store.vault import Vault

CHEAP = KdfCost(memory_bytes=8 << 10, passes=1)
KEYS = b"a canary of keys".ljust(96, b".")


def vault_of(home: Path) -> ServerVault:
    return ServerVault(home, CHEAP, os.urandom)


def everything(home: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(home)): path.read_bytes() if path.is_file() else b""
        for path in home.rglob("*")
        if path.name != "salt"
    }


def test_sealed_keys_open_with_their_password_only(tmp_path: Path) -> None:
    vault = vault_of(tmp_path)
    made = vault.create(KEYS, b"{}", "secret")
    assert made.sealed
    assert vault.open(made.id, "secret") == KEYS
    for password in ("wrong", "", None):
        with pytest.raises(KeysClosed):
            vault.open(made.id, password)
    assert b"canary" not in (made.path / "keys").read_bytes()
    assert vault_of(tmp_path).open(made.id, "secret") == KEYS


def test_clear_keys_need_no_password_and_no_salt(tmp_path: Path) -> None:
    vault = vault_of(tmp_path)
    made = vault.create(KEYS, b"{}", None)
    assert not made.sealed
    assert vault.open(made.id, None) == vault.open(made.id, "any") == KEYS
    assert not (tmp_path / "salt").exists()


def test_files_are_private(tmp_path: Path) -> None:
    made = vault_of(tmp_path).create(KEYS, b"{}", "secret")
    assert {path.name for path in made.path.iterdir()} == {"keys", "settings", "board.db"}
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in made.path.iterdir())
    assert made.path.stat().st_mode & 0o777 == 0o700


def test_settings_are_replaced_whole(tmp_path: Path) -> None:
    made = vault_of(tmp_path).create(KEYS, b"first", None)
    assert made.settings() == b"first"
    made.write_settings(b"second")
    assert made.settings() == b"second"
    assert not (made.path / "settings.draft").exists()


def test_servers_are_listed_oldest_first(tmp_path: Path) -> None:
    vault = vault_of(tmp_path)
    assert vault.listed() == ()
    made = [vault.create(KEYS, b"{}", None) for _ in range(5)]
    for age, each in enumerate(made):
        os.utime(each.path / "keys", ns=(age, age))
    assert list(vault.listed()) == made
    (tmp_path / "servers" / "something else").mkdir()
    assert list(vault.listed()) == made


@pytest.mark.parametrize("name", ["", ".", "..", "../profiles", "A" * 32, "a" * 31, "a" * 33, "\0", "a" * 32])
def test_what_is_no_server_is_unknown(tmp_path: Path, name: str) -> None:
    vault = vault_of(tmp_path)
    vault.create(KEYS, b"{}", None)
    for ask in (vault.get, vault.delete, lambda each: vault.open(each, "secret")):
        with pytest.raises(ServerUnknown):
            ask(name)


@pytest.mark.parametrize("content", [b"", b"\x00", b"\x03" + KEYS, b"\x01" * 2_000])
def test_keys_of_no_known_form_are_said_to_be_so(tmp_path: Path, content: bytes) -> None:
    vault = vault_of(tmp_path)
    made = vault.create(KEYS, b"{}", None)
    (made.path / "keys").write_bytes(content)
    with pytest.raises(KeysUnreadable):
        vault.open(made.id, "secret")


def test_a_lost_salt_is_said_wherever_something_sealed_is(tmp_path: Path) -> None:
    ServerVault(tmp_path, CHEAP, os.urandom).create(KEYS, b"{}", "secret")
    (tmp_path / "salt").unlink()
    with pytest.raises(OSError, match="salt is lost"):
        vault_of(tmp_path).create(KEYS, b"{}", "secret")
    with pytest.raises(OSError, match="salt is lost"):
        Vault(tmp_path, CHEAP, os.urandom).create("secret")


def test_profiles_and_servers_share_the_salt_and_nothing_else(tmp_path: Path) -> None:
    profiles = Vault(tmp_path, CHEAP, os.urandom)
    made = profiles.create("secret")
    before = everything(tmp_path / "profiles")
    vault = vault_of(tmp_path)
    server = vault.create(KEYS, b"{}", "secret")
    assert [each.key for each in profiles.open("secret")] == [made.key]
    assert vault.open(server.id, "secret") == KEYS
    vault.delete(server.id)
    assert everything(tmp_path / "profiles") == before


def test_nothing_is_left_of_a_deleted_server(tmp_path: Path) -> None:
    vault = vault_of(tmp_path)
    kept = vault.create(KEYS, b"{}", None)
    before = everything(tmp_path)
    gone = vault.create(KEYS, b"{}", "secret")
    database = gone.open_board()
    database.close()
    vault.delete(gone.id)
    assert everything(tmp_path) == before
    assert vault.listed() == (kept,)
    with pytest.raises(ServerUnknown):
        vault.delete(gone.id)


def test_a_disk_that_refuses_is_an_oserror_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = vault_of(tmp_path)
    vault.create(KEYS, b"{}", None)
    before = everything(tmp_path)

    def full(path: Path, *, make: bool) -> Database:
        raise sqlcipher.OperationalError("database or disk is full")

    monkeypatch.setattr(server_vault, "open_board", full)
    with pytest.raises(OSError, match="could not be made"):
        vault.create(KEYS, b"{}", None)
    assert everything(tmp_path) == before


class Died(BaseException):
    """The process is no more: nothing after this runs."""


def die_in_place_of(step: int, patch: pytest.MonkeyPatch) -> Callable[[], bool]:
    """Ends everything in place of the step of this number among those that touch the disk; whether it came to that."""
    done = 0

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def instead(*args: object, **named: object) -> object:
            nonlocal done
            if done >= step:
                raise Died  # at every later step too: the dead tidy up nothing
            done += 1
            return real(*args, **named)

        return instead

    for owner, name in (
        (Path, "mkdir"),
        (Path, "rename"),
        (Path, "unlink"),
        (os, "unlink"),
        (os, "rmdir"),
        (os, "fsync"),
        (server_vault, "open_board"),
    ):
        patch.setattr(owner, name, counted(getattr(owner, name)))
    return lambda: done >= step


def crashed_at_every_step(home: Path, work: Callable[[ServerVault], object]) -> Iterator[ServerVault]:
    """The vault after each crash of the work, swept, each on its own copy of the home."""
    for step in range(1_000):
        copy = home.with_name(f"crashed-{step}")
        shutil.copytree(home, copy)
        with pytest.MonkeyPatch.context() as patch:
            came_to_that = die_in_place_of(step, patch)
            with contextlib.suppress(Died):
                work(vault_of(copy))
                return
            assert came_to_that()
        vault = vault_of(copy)
        vault.sweep()
        yield vault
    pytest.fail("the work has no end")


def test_a_creation_that_dies_leaves_a_whole_server_or_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    vault_of(home).create(b"of another", b"{}", "secret")
    before = everything(home)
    seen = set()
    for vault in crashed_at_every_step(home, lambda vault: vault.create(KEYS, b"{}", "secret")):
        opened = [vault.open(folder.id, "secret") for folder in vault.listed()]
        assert opened in ([b"of another"], [b"of another", KEYS])
        if KEYS not in opened:
            assert everything(vault._servers.parent) == before
        for folder in vault.listed():
            folder.open_board().close()
        seen.add(len(opened))
    assert seen == {1, 2}


def test_a_removal_that_dies_leaves_a_whole_server_or_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    kept = vault_of(home).create(b"of another", b"{}", "secret")
    after = everything(home)
    gone = vault_of(home).create(KEYS, b"{}", "secret")
    before = everything(home)
    seen = []
    for vault in crashed_at_every_step(home, lambda vault: vault.delete(gone.id)):
        left = everything(vault._servers.parent)
        assert left in (before, after)
        assert vault.open(kept.id, "secret") == b"of another"
        seen.append(left == before)
    assert seen[:1] == [True]
    assert seen == sorted(seen, reverse=True)
    assert False in seen
