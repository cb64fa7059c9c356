"""`cwtch` as a process: its streams, its terminal, its signals."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cwtch_client import Json
from cwtch_client.fake_world import FakeProfile
from cwtch_client.testing import FakeDaemon
from tests.support.cwtch_process import Screen, command, environment, on_terminal, started
from tests.unit.clients.conftest import BOB


def test_watch_goes_on_over_a_dropped_connection_and_ends_by_count(
    daemon: FakeDaemon, alice: FakeProfile, bob: dict[str, Json]
) -> None:
    daemon.receive(alice.id, BOB, "one")
    with started(daemon, "watch", "--json", "--after", "0", "--count", "3") as watch:
        assert watch.stdout is not None
        assert watch.stderr is not None
        first = json.loads(watch.stdout.readline())
        daemon.drop()
        daemon.receive(alice.id, BOB, "two")
        second = json.loads(watch.stdout.readline())
        daemon.stop(lock=False)
        daemon.receive(alice.id, BOB, "three")
        daemon.start()
        third = json.loads(watch.stdout.readline())
        assert watch.wait(20) == 0
        assert [each["data"]["text"] for each in (first, second, third)] == ["one", "two", "three"]
        assert [each["seq"] for each in (first, second, third)] == [1, 2, 3]
        assert set(first) == {"seq", "profile", "type", "at", "data"}
        assert watch.stderr.read().count("waiting for it") == 2


def test_watch_in_words_with_types(daemon: FakeDaemon, alice: FakeProfile, bob: dict[str, Json]) -> None:
    daemon.receive(alice.id, BOB, "one\x1b")
    with started(
        daemon, "watch", "--after", "0", "--type", "message.received", "--type", "tor.changed"
    ) as watch:
        assert watch.stdout is not None
        assert watch.stdout.readline().endswith("from bob: one\\x1b\n")
        daemon.until(lambda: daemon.subscriptions() == 1)
        daemon.tell(alice.id, "connection.changed", {}, stored=False)
        daemon.tell(alice.id, "tor.changed", {"state": "lost", "summary": "tor ended"})
        assert watch.stdout.readline().endswith("tor ended\n")


def test_watch_the_daemon_and_interrupt_it(daemon: FakeDaemon) -> None:
    with started(daemon, "watch", "--daemon", "--json") as watch:
        assert watch.stdout is not None
        assert watch.stderr is not None
        daemon.until(lambda: daemon.subscriptions() == 1)
        daemon.tell(None, "daemon.stopping", {})
        assert json.loads(watch.stdout.readline())["type"] == "daemon.stopping"
        watch.send_signal(signal.SIGINT)
        assert watch.wait(20) == 130
        assert watch.stderr.read().strip() == ""


def test_a_reader_that_ends_is_no_error(daemon: FakeDaemon, alice: FakeProfile, bob: dict[str, Json]) -> None:
    with started(daemon, "watch", "--after", "0") as watch:
        assert watch.stdout is not None
        assert watch.stderr is not None
        daemon.until(lambda: daemon.subscriptions() == 1)
        watch.stdout.close()
        daemon.receive(alice.id, BOB, "one")
        assert watch.wait(20) == 141
        assert watch.stderr.read() == ""


def test_json_is_json_where_the_stream_is_not_utf8(daemon: FakeDaemon, alice: FakeProfile) -> None:
    daemon.receive(alice.id, BOB, "Grüße")
    done = subprocess.run(
        command(daemon, "message", "list", BOB, "--json"),
        capture_output=True,
        env={**environment(), "PYTHONIOENCODING": "ascii"},
        check=True,
        timeout=60,
    )
    assert json.loads(done.stdout.decode("ascii"))["messages"][0]["text"] == "Grüße"


@pytest.mark.filterwarnings("ignore:.*preexec_fn:DeprecationWarning")
def test_a_prompt_asks_twice_to_create_and_shows_nothing(daemon: FakeDaemon) -> None:
    with on_terminal(daemon, "profile", "create", "dave") as (process, terminal):
        screen = Screen(terminal)
        screen.until("Password: ")
        screen.type("hidden words")
        screen.until("Repeat for confirmation: ")
        screen.type("hidden words")
        screen.until("dave")
        assert process.wait(20) == 0
        assert "hidden" not in screen.text
    assert daemon.calls[-1] == ("profile.create", {"name": "dave", "password": "hidden words"})


@pytest.mark.filterwarnings("ignore:.*preexec_fn:DeprecationWarning")
def test_a_prompt_asks_once_to_unlock_and_may_be_interrupted(daemon: FakeDaemon, alice: FakeProfile) -> None:
    with on_terminal(daemon, "profile", "unlock") as (process, terminal):
        screen = Screen(terminal)
        screen.until("Password: ")
        screen.type("secret")
        screen.until("ANNOUNCED SINCE")
        assert process.wait(20) == 0
    with on_terminal(daemon, "profile", "unlock") as (process, terminal):
        screen = Screen(terminal)
        screen.until("Password: ")
        os.write(terminal, b"\x03")
        assert process.wait(20) == 130


@pytest.mark.parametrize("closed", [1, 2])
def test_with_a_closed_stream_nothing_strays_to_the_other(tmp_path: Path, closed: int) -> None:
    script = f'exec "$0" -m cwtch_cli --socket "$1" daemon status {closed}>&-'
    ended = subprocess.run(
        ["sh", "-c", script, sys.executable, tmp_path / "none"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert ended.returncode == 3
    assert ended.stdout == ""
    assert ended.stderr == "" if closed == 2 else ended.stderr.startswith("cwtch: No daemon")
