"""`cwtch hosting`: which server is meant, how its password is had, what is written, what is for good."""

import json
from pathlib import Path

import pytest

from cwtch_cli.output import SHORT
from cwtch_client import NULL, Client, Hosted, HostedStats, Json, RpcError
from cwtch_client.fake_hosting import FakeHosted
from cwtch_client.testing import FakeDaemon
from tests.support.cwtch_process import Screen, on_terminal
from tests.unit.clients.conftest import Cwtch

PASSWORD = "a long sentence"


@pytest.fixture
def ours(daemon: FakeDaemon) -> FakeHosted:
    return made(daemon, description="ours")


@pytest.fixture
def sealed(daemon: FakeDaemon) -> FakeHosted:
    return made(daemon, description="sealed", password=PASSWORD)


def made(daemon: FakeDaemon, **params: Json) -> FakeHosted:
    return daemon.world.hosting.rows[str(daemon.world.hosting.create(params)["id"])]


def asked(daemon: FakeDaemon, method: str) -> list[dict[str, Json]]:
    return [params for name, params in daemon.calls if name == method]


# --- which one -------------------------------------------------------------------------------------------------------


def test_it_is_named_by_id_beginning_onion_or_description(
    daemon: FakeDaemon, ours: FakeHosted, sealed: FakeHosted, cwtch: Cwtch
) -> None:
    onion = str(ours.shown()["onion"])
    for word in (ours.id, ours.id[:SHORT], f"{ours.id[:SHORT]}…", onion, f"{onion.upper()}.onion", "ours"):
        assert f"id: {ours.id}\n" in cwtch("hosting", "get", word).out
    several = cwtch("hosting", "get")
    assert (several.status, several.err.count("\n")) == (2, 1)
    assert "(ours)" in several.err
    assert "(sealed)" in several.err
    other = made(daemon, description="ours")
    twice = cwtch("hosting", "stop", "ours")
    assert (twice.status, "give the id" in twice.err) == (2, True)
    assert other.id[:SHORT] in twice.err
    for word in ("", "nobody\x1b", ours.id[:2]):
        none = cwtch("hosting", "get", word)
        assert (none.status, "cwtch hosting list" in none.err, "\x1b" in none.err) == (2, True, False)
    assert asked(daemon, "hosting.stop") == []


def test_where_there_is_none_it_says_how_to_make_one(cwtch: Cwtch) -> None:
    assert "cwtch hosting create" in cwtch("hosting", "get").err


# --- passwords -------------------------------------------------------------------------------------------------------


def test_a_new_server_is_sealed_unless_it_is_said_that_it_is_not(
    daemon: FakeDaemon, cwtch: Cwtch, tmp_path: Path
) -> None:
    nothing = cwtch("hosting", "create")
    assert (nothing.status, "--password-file" in nothing.err) == (2, True)
    both = cwtch("hosting", "create", "--unsealed", "--password-stdin", stdin=b"x\n")
    assert (both.status, asked(daemon, "hosting.create")) == (2, [])
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    assert "keys: sealed\n" in cwtch("hosting", "create", "--password-file", str(file)).out
    assert asked(daemon, "hosting.create") == [{"password": PASSWORD}]
    clear = cwtch("hosting", "create", "--unsealed")
    assert "keys: in the clear\n" in clear.out
    assert "warning: Its keys lie unencrypted" in clear.out


def test_a_sealed_server_is_asked_for_its_password_and_only_where_that_is_needed(
    daemon: FakeDaemon, sealed: FakeHosted, cwtch: Cwtch
) -> None:
    nothing = cwtch("hosting", "start")
    assert (nothing.status, "--password-file" in nothing.err) == (2, True)
    wrong = cwtch("hosting", "start", "--password-stdin", stdin=b"other words\n")
    assert (wrong.status, "other words" in wrong.err) == (4, False)
    assert "state: running" in cwtch("hosting", "start", "--password-stdin", stdin=PASSWORD.encode()).out
    assert cwtch("hosting", "start").status == 0
    assert cwtch("hosting", "stop").status == 0
    assert sealed.running_since is None
    daemon.stop()
    daemon.start()
    for words in (("bundle",), ("bundle", "--json")):
        shut = cwtch("hosting", *words)
        assert (shut.status, shut.out, "cwtch hosting start" in shut.err) == (1, "", True)
    assert "onion: -\n" in cwtch("hosting", "get").out


@pytest.mark.filterwarnings("ignore:.*preexec_fn:DeprecationWarning")
def test_on_a_terminal_it_asks(daemon: FakeDaemon) -> None:
    with on_terminal(daemon, "hosting", "create", "--description", "asked") as (process, terminal):
        screen = Screen(terminal)
        screen.until("Password: ")
        screen.type("hidden words")
        screen.until("Repeat for confirmation: ")
        screen.type("hidden words")
        screen.until("bundle: server:")
        assert process.wait(20) == 0
        assert "hidden words" not in screen.text
    with on_terminal(daemon, "hosting", "delete") as (process, terminal):
        screen = Screen(terminal)
        screen.until("Delete 'asked' for good?")
        screen.type("n")
        screen.until("Nothing was deleted")
        assert process.wait(20) == 1
    assert asked(daemon, "hosting.delete") == []
    with on_terminal(daemon, "hosting", "delete") as (process, terminal):
        screen = Screen(terminal)
        screen.until("for good?")
        screen.type("y")
        screen.until("Password: ")
        screen.type("hidden words")
        screen.until("The server is deleted")
        assert process.wait(20) == 0
    assert daemon.world.hosting.rows == {}


# --- for good --------------------------------------------------------------------------------------------------------


def test_nothing_is_deleted_unasked(daemon: FakeDaemon, ours: FakeHosted, cwtch: Cwtch) -> None:
    told = cwtch("hosting", "delete")
    assert (told.status, "--yes" in told.err) == (2, True)
    assert list(daemon.world.hosting.rows) == [ours.id]
    assert cwtch("hosting", "delete", "--yes").status == 0
    assert daemon.world.hosting.rows == {}


def test_a_sealed_one_is_deleted_with_its_password_only(
    daemon: FakeDaemon, sealed: FakeHosted, cwtch: Cwtch
) -> None:
    assert cwtch("hosting", "delete", "--yes").status == 2
    assert cwtch("hosting", "delete", "--yes", "--password-stdin", stdin=b"x").status == 4
    assert list(daemon.world.hosting.rows) == [sealed.id]
    assert cwtch("hosting", "delete", "--yes", "--password-stdin", stdin=PASSWORD.encode()).status == 0


# --- the bundle ------------------------------------------------------------------------------------------------------


def test_the_bundle_is_one_line_and_nothing_else(ours: FakeHosted, cwtch: Cwtch, tmp_path: Path) -> None:
    assert cwtch("hosting", "bundle").out == f"{ours.bundle}\n"
    coded = cwtch("hosting", "bundle", "--qr").out.splitlines()
    assert coded[-1] == ours.bundle
    assert {len(line) for line in coded[:-1]} == {85}, "as --help says"
    file, svg, png = (tmp_path / name for name in ("bundle", "b.svg", "b.png"))
    quiet = cwtch("hosting", "bundle", "--output", str(file), "--svg", str(svg), "--png", str(png))
    assert (quiet.status, quiet.out) == (0, "")
    assert file.read_text() == f"{ours.bundle}\n"
    assert svg.read_bytes().startswith(b"<?xml")
    assert png.read_bytes().startswith(b"\x89PNG")
    again = cwtch("hosting", "bundle", "--output", str(file))
    assert (again.status, "nothing is written over" in again.err) == (2, True)
    assert json.loads(cwtch("hosting", "bundle", "--json").out) == ours.shown()


# --- settings --------------------------------------------------------------------------------------------------------


def test_what_is_not_named_stays_and_none_takes_a_bound_away(
    daemon: FakeDaemon, ours: FakeHosted, cwtch: Cwtch
) -> None:
    nothing = cwtch("hosting", "set")
    assert (nothing.status, asked(daemon, "hosting.set")) == (2, [])
    first = cwtch(
        "hosting",
        "set",
        "--onion-pow",
        "--intro-rate",
        "20",
        "--intro-burst",
        "200",
        "--max-hours",
        "48",
        "--description",
        "",
    )
    assert "flood defence: on, 20 introductions a second, 200 at once\n" in first.out
    assert "for 48 h\n" in first.out
    assert "description: \n" in first.out
    second = cwtch("hosting", "set", "--intro-rate", "NONE", "--intro-burst", "none", "--max-hours", "none")
    assert "flood defence: on\n" in second.out
    assert "for ever\n" in second.out
    assert cwtch("hosting", "set", "--intro-rate", "5").status == 4
    assert cwtch("hosting", "set", "--max-hours", "soon").status == 2
    assert cwtch("hosting", "create", "--unsealed", "--max-hours", "none").status == 2
    assert asked(daemon, "hosting.set")[1] == {
        "id": ours.id,
        "intro_rate": None,
        "intro_burst": None,
        "max_hours": None,
    }


def test_null_is_said_by_the_library_too(daemon: FakeDaemon, ours: FakeHosted) -> None:
    with Client(daemon.path) as client:
        assert client.hosting.set(id=ours.id, max_hours=5).max_hours == 5
        assert client.hosting.set(id=ours.id, max_mib=9).max_hours == 5
        changed: Hosted = client.hosting.set(id=ours.id, max_hours=NULL)
        assert (changed.max_hours, changed.max_mib) == (None, 9)
        with pytest.raises(RpcError) as caught:
            client.hosting.set(id=ours.id, intro_rate=7)
        assert caught.value.name == "invalid_settings"


# --- how it runs -----------------------------------------------------------------------------------------------------


def test_start_waits_till_it_is_announced(daemon: FakeDaemon, ours: FakeHosted, cwtch: Cwtch) -> None:
    assert cwtch("hosting", "start", "--wait").status == 0
    ours.published_since = None
    late = cwtch("hosting", "start", "--timeout", "0.05")
    assert (late.status, "not announced yet" in late.err) == (5, True)
    assert "state: running" in late.out


def test_sums_of_one_that_runs(daemon: FakeDaemon, ours: FakeHosted, cwtch: Cwtch) -> None:
    with Client(daemon.path) as client:
        none: HostedStats = client.hosting.stats(id=ours.id)
        assert (none.running_since, none.messages) == (None, None)
        client.hosting.start(id=ours.id)
        ours.sums["messages"] = 12
        assert client.hosting.stats(id=ours.id).messages == 12
    assert "messages kept: 12\n" in cwtch("hosting", "stats").out


def test_a_change_is_told_to_who_watches_the_daemon(daemon: FakeDaemon, ours: FakeHosted) -> None:
    def begun() -> None:
        with Client(daemon.path) as other:
            other.hosting.start(id=ours.id)

    with Client(daemon.path) as client:
        watched = client.events(begun=begun)
        told = next(watched)
        watched.close()
    assert told.type == "hosting.changed"
    assert isinstance(told.data, dict)
    assert told.data["state"] == "running"


def test_what_is_meant_for_admins_is_for_them_only(
    daemon: FakeDaemon, ours: FakeHosted, cwtch: Cwtch
) -> None:
    for scope in ("read", "send"):
        with Client(daemon.path, token=daemon.create_token(scope)) as client:
            for refused in (client.hosting.list, lambda client=client: client.hosting.get(id=ours.id)):
                with pytest.raises(RpcError) as caught:
                    refused()
                assert caught.value.name == "unauthorized"
