"""A daemon that is left alone: it opens its profiles by itself, tells its supervisor how it is, and is online again after a kill."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.node import Node, befriend, nodes, refused, until
from tests.support.supervised import NotifySocket, Supervised

PASSWORD = "a canary of a password"


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[NotifySocket]:
    made = NotifySocket(str(tmp_path / "notify"))
    yield made
    made.close()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Supervised]:
    """A daemon with two profiles under one password and a third under another; stopped."""
    made = Supervised(tmp_path, "node")
    try:
        made.start()
        for name, password in (("one", PASSWORD), ("two", PASSWORD), ("three", "another")):
            made.call("profile.create", name=name, password=password)
        assert made.kill(signal.SIGTERM) == 0
        yield made
    finally:
        made.end()


def private(path: Path, content: str) -> Path:
    path.write_text(content)
    path.chmod(0o600)
    return path


def opened(node: Supervised, *names: str) -> None:
    """These profiles are open, without a call that asks for it."""
    until(f"{names} are open", lambda: node.profiles() == sorted(names))


def unlocked(node: Supervised) -> list[dict[str, Any]]:
    """The profiles of the first password, the older one first."""
    found: list[dict[str, Any]] = node.call("profile.unlock", password=PASSWORD)
    return sorted(found, key=lambda profile: profile["created_at"])


def test_a_killed_node_is_online_again_without_a_person(tmp_path: Path) -> None:
    with nodes(tmp_path, "alice", "bob") as (alice, bob):
        chat, request = befriend(alice, bob)
        alice.password_files = [private(tmp_path / "password", alice.password)]
        for number in range(3):
            alice.kill()
            bob.send(request, f"while you were dead {number}")
            alice.spawn()  # nobody calls it
            until("it is delivered", lambda: _delivered(bob, request))
        alice.kill()
        alice.start()
        until("it opens its profile", lambda: alice.call("profile.list"))
        assert alice.texts(chat, outgoing=False) == [f"while you were dead {number}" for number in range(3)]


def _delivered(node: Node, conversation: int) -> bool:
    return all(each["state"] == "delivered" for each in node.messages(conversation) if each["outgoing"])


def test_a_file_a_descriptor_and_a_credential_open_what_they_fit(home: Supervised, tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    # Open to all, were it not for the folder, which is the supervisor's business.
    (credentials / "cwtchd.password").write_text(PASSWORD + "\n")
    reading, writing = os.pipe()
    os.write(writing, b"another\n")
    os.close(writing)
    cases: list[tuple[list[str | Path], tuple[int, ...], dict[str, str], tuple[str, ...]]] = [
        (["--password-file", private(tmp_path / "password", PASSWORD)], (), {}, ("one", "two")),
        (["--password-fd", str(reading)], (reading,), {}, ("three",)),
        ([], (), {"CREDENTIALS_DIRECTORY": str(credentials)}, ("one", "two")),
    ]
    written, otherwise = Path(f"/proc/self/fd/{reading}").readlink(), home.options
    for options, descriptors, environment, names in cases:
        home.options = otherwise + options
        home.descriptors, home.environment = descriptors, environment
        home.start()
        opened(home, *names)
        assert written not in _held(home.pid), "what was read is closed"
        assert home.kill(signal.SIGTERM) == 0
    assert PASSWORD not in home.told()
    os.close(reading)


def _held(pid: int) -> list[Path]:
    """What a process has open."""
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(descriptor.readlink())
    return found


def test_the_config_file_may_name_one(home: Supervised, tmp_path: Path) -> None:
    password = private(tmp_path / "password", "another")
    config = tmp_path / "config.toml"
    config.write_text(f"password_file = '{password}'\n")
    home.options += ["--config", config]
    home.start()
    opened(home, "three")


def test_a_profile_that_does_not_start_by_itself_is_left_closed_until_somebody_asks(
    home: Supervised, tmp_path: Path
) -> None:
    home.start()
    one, two = unlocked(home)
    assert (one["autostart"], two["autostart"]) == (True, True)
    assert home.call("profile.set", profile=two["id"], key="autostart", value=False)["autostart"] is False
    home.kill()
    home.options += ["--password-file", private(tmp_path / "password", PASSWORD)]
    home.start()
    opened(home, "one")
    until("it was tried", lambda: "a password of the start was used source=1 opened=1" in home.told())
    assert home.profiles() == ["one"]
    assert len(home.call("profile.unlock", password=PASSWORD)) == 2, "asked for, it opens"
    # All of them left closed is no wrong password.
    for profile in (one, two):
        home.call("profile.set", profile=profile["id"], key="autostart", value=False)
    home.kill()
    home.start()
    until("it was tried", lambda: "opened=0" in home.told())
    assert "of no use" not in home.told()


def test_passwords_of_no_use_are_said_and_the_api_is_there(
    home: Supervised, heard: NotifySocket, tmp_path: Path
) -> None:
    files = [private(tmp_path / name, text) for name, text in (("wrong", "canary"), ("open", PASSWORD))]
    files[1].chmod(0o640)
    home.options += [part for file in (*files, tmp_path / "missing") for part in ("--password-file", file)]
    home.environment = {"NOTIFY_SOCKET": heard.address}
    home.start()
    heard.until("a word of it", lambda told: "opened nothing: 3" in told.get("STATUS", ""))
    assert home.profiles() == []
    for reason in ("opens nothing", "chmod 600", "No such file"):
        assert reason in home.told(), reason
    assert "canary" not in home.told()
    assert str(tmp_path) not in home.told()


def test_a_descriptor_that_is_not_open_is_refused_at_once(tmp_path: Path) -> None:
    for options in (
        ["--password-fd", "77"],
        ["--password-fd", "0", "--password-fd", "0"],
        ["--password-fd", "1"],
    ):
        started = Supervised(tmp_path, "node", options)
        started.spawn()
        assert started._process is not None
        assert started._process.wait(60) == 1
        assert "--password-fd names" in started.told().splitlines()[-1]


def test_a_supervisor_hears_ready_alive_and_stopping(home: Supervised, heard: NotifySocket) -> None:
    home.environment = {"NOTIFY_SOCKET": heard.address, "WATCHDOG_USEC": "400000"}
    home.spawn()
    heard.until("READY", lambda told: told.get("READY") == "1")
    home._caller = home.caller()  # it answers now, not soon
    status = heard.until("STATUS", lambda told: "STATUS" in told)["STATUS"]
    assert "Profiles open: 0, online: 0." in status
    one, _ = unlocked(home)
    told = heard.until("the open profiles", lambda told: "open: 2" in told.get("STATUS", ""))["STATUS"]
    assert one["id"] not in told
    assert "one" not in told.replace("online", "")
    assert home.kill(signal.SIGTERM) == 0
    heard.drain()
    assert any("STOPPING" in told for told in heard.said)


def test_a_loop_that_is_stuck_starves_the_watchdog(home: Supervised, heard: NotifySocket) -> None:
    home.environment = {"NOTIFY_SOCKET": heard.address, "WATCHDOG_USEC": "400000"}
    home.start()
    heard.until("a beat", lambda told: "WATCHDOG" in told)
    os.kill(home.pid, signal.SIGSTOP)
    until("it stands still", lambda: _state_of(home.pid) == "T")
    heard.drain()
    assert heard.next(1.0) is None, "five beats are missing"
    os.kill(home.pid, signal.SIGCONT)
    heard.until("a beat", lambda told: "WATCHDOG" in told)


def _state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_profile_is_renamed_at_once_and_for_good(home: Supervised) -> None:
    home.start()
    one, _ = unlocked(home)
    caller = home.caller()
    head = caller("event.subscribe", profile=one["id"])["head"]
    renamed = home.call("profile.set", profile=one["id"], key="name", value="the first")
    assert renamed == {**one, "name": "the first"}
    assert home.call("profile.get", profile=one["id"]) == renamed
    assert home.profiles() == ["the first", "two"]
    told = caller.read()["params"]
    assert (told["type"], told["seq"], told["data"]) == ("profile.changed", head + 1, renamed)
    home.call("profile.set", profile=one["id"], key="name", value="the first")
    assert home.call("event.list", profile=one["id"], after=head)["head"] == head + 1, "nothing changed"
    caller.close()
    home.kill()
    home.start()
    assert [each["name"] for each in unlocked(home)] == ["the first", "two"]


def test_what_a_profile_can_not_be_set_to_is_no_params(home: Supervised) -> None:
    home.start()
    one, _ = unlocked(home)
    wrong = [
        ("name", ""),
        ("name", "x" * 257),
        ("name", True),
        ("autostart", "yes"),
        ("autostart", 1),
        ("colour", "red"),
    ]
    for key, value in wrong:
        refused(-32602, home.call, "profile.set", profile=one["id"], key=key, value=value)
    refused("profile_locked", home.call, "profile.set", profile="nobody", key="name", value="x")
