"""Profiles, passwords, and one daemon a home and a socket."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.node import ROOT, Node, refused, until
from tests.support.raw_peer import someone


def test_several_profiles_under_several_passwords(alice: Node) -> None:
    second = alice.call("profile.create", name="second", password=alice.password)
    third = alice.call("profile.create", name="third", password="another")
    for profile in (alice.id, second["id"], third["id"]):
        alice.call("profile.lock", profile=profile)
    assert alice.call("profile.list") == []
    assert {each["id"] for each in alice.call("profile.unlock", password=alice.password)} == {
        alice.id,
        second["id"],
    }
    assert {each["id"] for each in alice.call("profile.unlock", password=alice.password)} == {
        alice.id,
        second["id"],
    }
    assert [each["id"] for each in alice.call("profile.list")] == [alice.id, second["id"]]
    refused("profile_locked", alice.call, "profile.get", profile=third["id"])
    refused("wrong_password", alice.call, "profile.unlock", password="nobody's")


def test_a_profile_whose_creation_was_interrupted_is_not_there(alice: Node) -> None:
    alice.call("profile.lock", profile=alice.id)
    folder = next((alice.home / "profiles").iterdir())
    for file in folder.glob("db*"):
        file.unlink()
    (folder / "unfinished").touch()
    refused("wrong_password", alice.call, "profile.unlock", password=alice.password)
    assert not folder.exists()


def test_a_damaged_profile_is_kept_and_spoils_nothing_for_the_others(alice: Node) -> None:
    healthy = [alice.call("profile.create", name=f"{n}", password=alice.password)["id"] for n in range(3)]
    for profile in (alice.id, *healthy):
        alice.call("profile.lock", profile=profile)
    folders = sorted((alice.home / "profiles").iterdir())
    (folders[0] / "db").write_bytes(os.urandom(8192))
    (folders[1] / "db").rename(folders[1] / "elsewhere")
    opened = alice.call("profile.unlock", password=alice.password)
    assert len(opened) == 2
    for profile in opened:
        alice.call("profile.lock", profile=profile["id"])
    (folders[1] / "elsewhere").rename(folders[1] / "db")
    assert len(alice.call("profile.unlock", password=alice.password)) == 3, "nothing was thrown away"


def test_calls_take_effect_in_the_order_in_which_they_were_sent(alice: Node) -> None:
    caller = alice.caller()
    chat = alice("contact.add", address=someone().onion)["id"]
    order = [
        caller.send("profile.create", name="slow", password="x"),
        caller.send("profile.lock", profile=alice.id),
        caller.send("message.send", profile=alice.id, conversation=chat, text="too late"),
        caller.send("profile.unlock", password=alice.password),
        caller.send("message.send", profile=alice.id, conversation=chat, text="in time"),
    ]
    answers: dict[int, Any] = {}
    while len(answers) < len(order):
        answer = caller.read()
        answers[answer["id"]] = answer
    assert answers[order[2]]["error"]["data"]["name"] == "profile_locked"
    assert answers[order[4]]["result"]["text"] == "in time"
    caller.close()


def test_nothing_of_the_home_is_open_to_others(alice: Node) -> None:
    for path in [alice.home, *alice.home.rglob("*"), alice.socket]:
        assert path.lstat().st_mode & 0o077 == 0, path
    assert stat.S_ISSOCK(alice.socket.stat().st_mode)


def second_start(node: Node, home: Path, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.support.daemon_process", home, path, node.tor],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_second_daemon_on_the_same_home_or_socket_is_refused(alice: Node, tmp_path: Path) -> None:
    same_home = second_start(alice, alice.home, tmp_path / "other.sock")
    same_socket = second_start(alice, tmp_path / "other", alice.socket)
    long_path = second_start(alice, tmp_path / "third", tmp_path / ("x" * 100))
    for ended, word in ((same_home, "home"), (same_socket, "socket"), (long_path, "longer")):
        assert ended.returncode == 1
        assert word in ended.stderr
        assert len(ended.stderr.strip().splitlines()) == 1
    assert alice.call("daemon.status")["profiles"][0]["name"] == "alice", "the first one noticed nothing"


def test_a_kill_leaves_no_lock_and_no_socket_in_the_way(alice: Node) -> None:
    alice.kill()
    assert alice.socket.exists()
    alice.restart()
    assert alice.call("daemon.status")["profiles"][0]["name"] == "alice"


def test_something_else_at_the_sockets_path_is_left_alone(alice: Node, tmp_path: Path) -> None:
    place = tmp_path / "a file"
    place.write_text("mine")
    ended = second_start(alice, tmp_path / "other", place)
    assert ended.returncode == 1
    assert place.read_text() == "mine"


def test_a_home_that_holds_other_things_and_is_open_to_others_is_left_alone(
    alice: Node, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    shared.chmod(0o755)
    (shared / "somebody's").write_text("mine")
    ended = second_start(alice, shared, tmp_path / "x.sock")
    assert ended.returncode == 1
    assert "other things" in ended.stderr
    assert shared.stat().st_mode & 0o777 == 0o755
    assert sorted(path.name for path in shared.iterdir()) == ["somebody's"]


def test_a_removed_socket_does_not_keep_it_from_stopping(alice: Node) -> None:
    alice.socket.unlink()
    assert alice.kill(signal.SIGTERM) == 0


def test_what_is_asked_while_it_stops_keeps_it_from_nothing(alice: Node) -> None:
    callers = [alice.caller() for _ in range(20)]
    for caller in callers:
        caller.send("profile.create", name="late", password="x")
        caller.send("profile.unlock", password=alice.password)
    assert alice.kill(signal.SIGTERM) == 0
    for caller in callers:
        caller.close()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(alice: Node, how: signal.Signals) -> None:
    assert alice.kill(how) == 0
    assert not alice.socket.exists()


def test_shutdown_is_answered_and_told(alice: Node) -> None:
    caller = alice.caller()
    caller("event.subscribe")
    assert alice.call("daemon.shutdown") is None
    until("it says so", lambda: caller.read()["params"]["type"] == "daemon.stopping")
    caller.close()
