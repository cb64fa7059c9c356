"""Each command against a fake daemon: the call that it makes, what it prints, its exit status."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from cwtch_cli.__main__ import cli
from cwtch_client import Json
from cwtch_client.fake_world import FakeProfile, onion
from cwtch_client.testing import FakeDaemon
from tests.unit.clients.conftest import BOB, Cwtch

CAROL = onion("carol")

COMMANDS: list[tuple[Sequence[str], str, dict[str, object], str]] = [
    (["daemon", "status"], "daemon.status", {}, "tor state: ready"),
    (["tor", "status"], "tor.status", {}, "progress: 100 %"),
    (["tor", "reset"], "tor.reset", {}, "new circuits"),
    (["profile", "list"], "profile.list", {}, "alice\t"),
    (["profile", "get"], "profile.get", {}, "name: alice"),
    (["profile", "lock"], "profile.lock", {}, "locked"),
    (
        ["contact", "add", CAROL, "--name", "carol", "--message", "hi"],
        "contact.add",
        {"address": CAROL, "name": "carol", "message": "hi"},
        "name: carol",
    ),
    (["contact", "list"], "contact.list", {}, f"\tbob\taccepted\tdisconnected\t0\t-\t{BOB}"),
    (["contact", "get", "bob"], "contact.get", {"conversation": 0}, "state: accepted"),
    (["contact", "accept", BOB], "contact.accept", {"conversation": 0}, "state: accepted"),
    (["contact", "reject", "bob"], "contact.reject", {"conversation": 0}, "deleted"),
    (
        ["contact", "block", f"cwtch:{BOB.upper()}.onion"],
        "contact.block",
        {"conversation": 0},
        "state: blocked",
    ),
    (["contact", "unblock", "bob"], "contact.unblock", {"conversation": 0}, "state: accepted"),
    (["conversation", "list"], "conversation.list", {}, "\tbob\t"),
    (["conversation", "get", "bob"], "conversation.get", {"conversation": 0}, "kind: contact"),
    (["conversation", "mark-read", "bob"], "conversation.mark_read", {"conversation": 0}, "marked read"),
    (
        ["message", "send", "bob", "hello"],
        "message.send",
        {"conversation": 0, "text": "hello"},
        "state: queued",
    ),
    (
        ["message", "send", "bob", "yes", "--reply-to", "9"],
        "message.send",
        {"conversation": 0, "text": "yes", "reply_to": 9},
        "text: yes",
    ),
    (
        ["message", "list", "bob", "--limit", "5", "--before", "99"],
        "message.list",
        {"conversation": 0, "limit": 5, "before": 99},
        "\tbob\treceived\thi alice",
    ),
    (["message", "get", "M"], "message.get", {"message": -1}, "text: hi alice"),
    (["message", "retry", "M"], "message.retry", {"message": -1}, "state: queued"),
    (
        ["event", "list", "--after", "1", "--limit", "9"],
        "event.list",
        {"after": 1, "limit": 9},
        "message.received\t#",
    ),
]


def filled(value: object, bob: int, message: int) -> object:
    """The example's stand-ins, as the numbers that the fake daemon gave."""
    if value == "M":
        return str(message)
    return {0: bob, -1: message}.get(value, value) if isinstance(value, int) else value


@pytest.mark.parametrize(("words", "method", "params", "printed"), COMMANDS, ids=lambda each: str(each)[:40])
def test_each_command(
    daemon: FakeDaemon,
    alice: FakeProfile,
    bob: dict[str, Json],
    cwtch: Cwtch,
    words: Sequence[str],
    method: str,
    params: dict[str, object],
    printed: str,
) -> None:
    daemon.receive(alice.id, BOB, "are you there?")
    message = daemon.receive(alice.id, BOB, "hi alice")
    bob["unread"] = 0
    bob["last_message_at"] = None
    number, other = message["id"], bob["id"]
    assert isinstance(number, int)
    assert isinstance(other, int)
    arguments = [str(filled(word, other, number)) for word in words]
    wanted = {
        name: other if name == "conversation" else filled(value, other, number)
        for name, value in params.items()
    }
    on_profile = not method.startswith(("daemon.", "tor.")) and method != "profile.list"

    told = cwtch(*arguments)
    assert (told.status, told.err) == (0, "")
    assert printed in told.out
    assert [sent for name, sent in daemon.calls if name == method][-1] == (
        {"profile": alice.id, **wanted} if on_profile else wanted
    )


@pytest.mark.parametrize("place", ["first", "last"])
def test_json_is_the_raw_result_wherever_it_stands(
    daemon: FakeDaemon, alice: FakeProfile, bob: dict[str, Json], cwtch: Cwtch, place: str
) -> None:
    words = ["message", "send", "bob", "hi"]
    told = cwtch("--json", *words) if place == "first" else cwtch(*words, "--json")
    assert told.out.count("\n") == 1
    sent = json.loads(told.out)
    assert sent == daemon.world.profiles[alice.id].messages[sent["id"]]
    assert cwtch("tor", "--json", "reset").out == "null\n"


def test_discover_is_json_anyway(cwtch: Cwtch) -> None:
    assert json.loads(cwtch("rpc", "discover").out)["openrpc"] == "1.3.2"


def test_shutdown_ends_the_daemon(daemon: FakeDaemon, cwtch: Cwtch) -> None:
    assert cwtch("daemon", "shutdown").status == 0
    daemon.until(lambda: not daemon.path.exists())
    assert cwtch("daemon", "status").status == 3


def test_every_method_of_the_contract_that_is_asked_for_has_its_command() -> None:
    wanted = {
        "daemon status", "daemon shutdown", "tor status", "tor reset", "profile create", "profile unlock",
        "profile lock", "profile list", "profile get", "contact add", "contact list", "contact get", "contact accept",
        "contact reject", "contact block", "contact unblock", "conversation list", "conversation get",
        "conversation mark-read", "message send", "message list", "message get", "message retry", "event list",
        "rpc discover",
    }  # fmt: skip
    have = {
        f"{noun} {verb}" for noun, group in cli.commands.items() for verb in getattr(group, "commands", ())
    }
    assert have == wanted
    assert "watch" in cli.commands


# --- what is meant -----------------------------------------------------------------------------------------------


def test_the_profile_may_be_left_out_only_where_one_is_open(daemon: FakeDaemon, cwtch: Cwtch) -> None:
    none = cwtch("contact", "list")
    assert none.status == 2
    assert "cwtch profile unlock" in none.err
    alice = daemon.world.create("alice", "x")
    carol = daemon.world.create("carol", "x")
    several = cwtch("contact", "list")
    assert several.status == 2
    assert several.err.count("\n") == 1
    assert "alice, carol" in several.err
    for words in (
        ["--profile", "carol", "profile", "get"],
        ["profile", "get", "--profile", carol.id + ".onion"],
    ):
        assert carol.id in cwtch(*words).out
    assert "alice, carol" in cwtch("profile", "get", "--profile", "dave").err
    second = daemon.world.create("alice", "x")
    same = cwtch("profile", "get", "--profile", "alice")
    assert same.status == 2
    assert alice.id in same.err
    assert second.id in same.err


def test_a_conversation_that_may_be_two(
    daemon: FakeDaemon, alice: FakeProfile, bob: dict[str, Json], cwtch: Cwtch
) -> None:
    other = daemon.world.add_conversation(alice, CAROL, "bob", "accepted")
    told = cwtch("message", "send", "bob", "hi")
    assert told.status == 2
    assert told.err.count("\n") == 1
    assert f"id {bob['id']}" in told.err
    assert CAROL in told.err
    other["name"] = str(bob["id"])  # a petname that looks like another's id
    assert cwtch("message", "send", str(bob["id"]), "hi").status == 2
    assert cwtch("message", "send", BOB, "hi").status == 0
    assert not any(
        name == "message.send" and sent["conversation"] != bob["id"] for name, sent in daemon.calls
    )


def test_a_conversation_that_is_not_there(alice: FakeProfile, bob: dict[str, Json], cwtch: Cwtch) -> None:
    near = cwtch("message", "list", "bobb")
    assert (near.status, "did you mean 'bob'?" in near.err) == (2, True)
    far = cwtch("message", "list", "zzz\x1b")
    assert "cwtch conversation list" in far.err
    assert "\x1b" not in far.err


# --- errors ------------------------------------------------------------------------------------------------------


def test_no_daemon_is_one_sentence(cwtch: Cwtch, tmp_path: Path) -> None:
    told = cwtch("daemon", "status", socket=str(tmp_path / "no one"))
    assert (told.status, told.out) == (3, "")
    assert told.err == (
        f"cwtch: No daemon answers at {tmp_path}/no one: start one with `cwtchd run --socket '{tmp_path}/no one'`.\n"
    )
    assert cwtch("watch", "--daemon", socket=str(tmp_path / "none")).status == 3


def test_a_refusal_is_the_daemons_sentence(daemon: FakeDaemon, cwtch: Cwtch) -> None:
    daemon.refuse("daemon.status", -32010, "limit_exceeded", "A limit is reached:\n wait.\x1b[0m")
    told = cwtch("daemon", "status")
    assert (told.status, told.out, told.err) == (4, "", "cwtch: A limit is reached: wait.\\x1b[0m\n")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["contcat", "list"], "cwtch contact"),
        (["contact", "acept"], "cwtch contact accept"),
        (["send"], "cwtch message send"),
        (["conversation", "mark_read", "1"], "mark-read"),
        (["xyzzy"], "cwtch --help"),
        (["message", "list"], "cwtch message list --help"),
        (["profile", "list", "--jsno"], "--json"),
        (["message", "list", "1", "--limit", "0"], "--limit"),
    ],
)
def test_a_wrong_command_line_gets_the_near_one(cwtch: Cwtch, words: list[str], hint: str) -> None:
    told = cwtch(*words)
    assert (told.status, told.out) == (2, "")
    assert told.err.count("\n") == 1
    assert hint in told.err


def test_help_tells_the_exit_statuses(cwtch: Cwtch) -> None:
    told = cwtch("--help")
    assert told.status == 0
    for status in (
        "0    done",
        "2    the command line",
        "3    no daemon",
        "4    the daemon refused",
        "130  interrupted",
    ):
        assert status in told.out


# --- text and passwords ------------------------------------------------------------------------------------------


def test_a_text_from_standard_input(
    daemon: FakeDaemon, alice: FakeProfile, bob: dict[str, Json], cwtch: Cwtch
) -> None:
    assert cwtch("message", "send", "bob", "-", stdin="Grüße\nund mehr\n".encode()).status == 0
    assert daemon.calls[-1][1]["text"] == "Grüße\nund mehr"
    assert cwtch("message", "send", "bob", "-", stdin=b"\xff\n").status == 2
    assert cwtch("message", "send", "bob", "-", stdin=b"x" * (1 << 20)).status == 2
    assert len([name for name, _ in daemon.calls if name == "message.send"]) == 1


def test_passwords_come_from_a_file_or_standard_input(
    daemon: FakeDaemon, cwtch: Cwtch, tmp_path: Path
) -> None:
    made = cwtch("profile", "create", "dave", "--password-stdin", "--json", stdin=b"a long sentence\n")
    assert made.status == 0
    assert daemon.calls[-1] == ("profile.create", {"name": "dave", "password": "a long sentence"})
    file = tmp_path / "password"
    file.write_bytes(b"a long sentence\r\n")
    opened = cwtch("profile", "unlock", "--password-file", str(file))
    assert json.loads(made.out)["id"] in opened.out
    file.write_text("another")
    wrong = cwtch("profile", "unlock", "--password-file", str(file))
    assert (wrong.status, "another" in wrong.err) == (4, False)


@pytest.mark.parametrize(
    ("words", "stdin", "hint"),
    [
        ([], b"", "--password-stdin"),
        (["--password-stdin"], b"\n", "empty"),
        (["--password-stdin"], b"\xff", "UTF-8"),
        (["--password-stdin"], b"x" * 5000, "4096"),
        (["--password-file", "/none/here"], b"", "No such file"),
        (["--password-file", "x", "--password-stdin"], b"", "not from both"),
    ],
)
def test_passwords_that_cannot_be_had(
    daemon: FakeDaemon, cwtch: Cwtch, words: list[str], stdin: bytes, hint: str
) -> None:
    told = cwtch("profile", "create", "dave", *words, stdin=stdin)
    assert (told.status, told.err.count("\n")) == (2, 1)
    assert hint in told.err
    assert daemon.calls == []


# --- what the other side wrote -----------------------------------------------------------------------------------


def test_remote_text_steers_nothing(daemon: FakeDaemon, alice: FakeProfile, cwtch: Cwtch) -> None:
    daemon.receive(alice.id, BOB, "\x1b]0;owned\x07\nsecond line\u202e")
    daemon.receive(alice.id, BOB, None, overlay=200)
    for words in (["message", "list", BOB], ["event", "list"], ["message", "list", BOB, "--json"]):
        told = cwtch(*words)
        assert told.status == 0
        for each in ("\x1b", "\x07", "\u202e"):
            assert each not in told.out
    listed = cwtch("message", "list", BOB).out.splitlines()
    assert len(listed) == 2
    assert listed[0].endswith("\\x1b]0;owned\\x07\\nsecond line\\u202e")
    assert listed[1].endswith("(overlay 200)")
