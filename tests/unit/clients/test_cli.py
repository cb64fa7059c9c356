"""Each command against a fake daemon: the call that it makes, what it prints, its exit status."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import pytest

from cwtch_cli.__main__ import cli
from cwtch_cli.errors import refusal_of
from cwtch_cli.refused import command_of
from cwtch_client import Json, RpcError, fake_methods
from cwtch_client.fake_world import FakeProfile, onion
from cwtch_client.testing import FakeDaemon
from cwtchd.rpc.dispatch import DOCUMENT
from tests.unit.clients.conftest import BOB, Cwtch

CAROL = onion("carol")

COMMANDS: list[tuple[Sequence[str], str, dict[str, object], str]] = [
    (["daemon", "status"], "daemon.status", {}, "tor state: ready"),
    (["tor", "status"], "tor.status", {}, "progress: 100 %"),
    (["tor", "reset"], "tor.reset", {}, "new circuits"),
    (["profile", "list"], "profile.list", {}, "alice\t"),
    (["profile", "get"], "profile.get", {}, "name: alice"),
    (["profile", "set", "name", "al"], "profile.set", {"key": "name", "value": "al"}, "name: al"),
    (
        ["profile", "set", "autostart", "no"],
        "profile.set",
        {"key": "autostart", "value": False},
        "autostart: no",
    ),
    (["profile", "qr"], "profile.get", {}, "\ncwtch:"),
    (
        [
            "token",
            "create",
            "send",
            "--label",
            "bot",
            "--profile",
            "alice",
            "--conversation",
            "bob",
            "--folder",
            "/x",
        ],
        "token.create",
        {"scope": "send", "label": "bot", "profile": "ALICE", "conversations": [0], "folders": ["/x"]},
        "token: cwtchd_1_",
    ),
    (["token", "create", "read"], "token.create", {"scope": "read"}, "id: 1"),
    (["token", "list"], "token.list", {}, ""),
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
    (
        ["message", "send", "bob", "once", "--client-id", "mine"],
        "message.send",
        {"conversation": 0, "text": "once", "client_id": "mine"},
        "text: once",
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
    if isinstance(value, list):
        return [filled(each, bob, message) for each in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return {0: bob, -1: message}.get(value, value)
    return value


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
    if "profile" in wanted:
        wanted["profile"] = alice.id
    on_profile = not method.startswith(("daemon.", "tor.", "token.")) and method != "profile.list"

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


NO_COMMAND = {
    "event.unsubscribe": "`cwtch watch` ends with its connection",
    "rpc.authenticate": "--token-file shows the token on every connection: it must not stand on a command line",
}
NO_OPTION = {
    "profile": "--profile stands before or behind any command",
    "password": "it is asked for, or comes from --password-file or --password-stdin",
}
"""Methods and params of the API that are no words of the command line, and why."""


@pytest.mark.parametrize("method", DOCUMENT["methods"], ids=lambda method: str(method["name"]))
def test_every_method_has_its_command_and_every_param_a_word(method: dict[str, Any]) -> None:
    command = command_of(cli, method["name"])
    assert (command is None) == (method["name"] in NO_COMMAND)
    if command is not None:
        have = {each.name for each in command.params} | {"profile"}
        singular = {f"{each}s" for each in have}
        assert {each["name"] for each in method["params"]} - NO_OPTION.keys() <= have | singular
        takes_password = any(each["name"] == "password" for each in method["params"])
        assert takes_password <= ("password_file" in have)


def test_every_command_says_what_it_does() -> None:
    def every(command: click.Command) -> Iterator[click.Command]:
        yield command
        if isinstance(command, click.Group):
            for inner in command.commands.values():
                yield from every(inner)

    for command in every(cli):
        assert command.help
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.help


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
    ("name", "code", "status"),
    [("not_found", -32003, 4), ("unauthorized", -32008, 6), ("cursor_expired", -32016, 7)],
)
def test_each_class_of_refusals_has_its_status(
    daemon: FakeDaemon, alice: FakeProfile, cwtch: Cwtch, name: str, code: int, status: int
) -> None:
    daemon.refuse("event.list", code, name, "No.")
    assert cwtch("event", "list").status == status


def test_a_refusal_has_its_numbers() -> None:
    def told(**data: object) -> str:
        return refusal_of(RpcError(-32000, "Shorten it.", data))

    assert told(name="message_too_large", limit=10, size=12) == "Shorten it. (12 of at most 10)"
    assert told(name="limit_exceeded", limit=10) == "Shorten it. (at most 10)"
    assert told(incident="ab12") == "Shorten it. (ab12)"
    assert told(name="cursor_expired", oldest=7, head=9).endswith(
        "(--after 6 begins at the oldest that is kept)"
    )


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["profile", "set", "name", "x" * 300], "take this VALUE: it takes"),
        (
            ["contact", "add", CAROL, "--name", "x" * 300],
            "take this --name: it takes text of at most 256 characters",
        ),
        (
            ["message", "send", "bob", "x", "--client-id", "x" * 200],
            "--client-id: it takes text of 1 to 128 characters",
        ),
        (["message", "list", "bob", "--before", "-5"], "--before: it takes a whole number of 0 to"),
        (["watch", "--type", "message.recieved"], "--type: it takes only "),
        (["token", "revoke", "-1"], "No such option"),
    ],
)
def test_what_the_daemon_does_not_take_is_told_by_its_word_here(
    daemon: FakeDaemon,
    alice: FakeProfile,
    bob: dict[str, Json],
    cwtch: Cwtch,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    hint: str,
) -> None:
    monkeypatch.setitem(fake_methods.METHODS, "rpc.discover", lambda world, params: DOCUMENT)
    for method in ("profile.set", "contact.add", "message.send", "message.list", "event.subscribe"):
        daemon.refuse(method, -32602, "", "The params don't fit the method.")
    told = cwtch(*words)
    assert told.out == ""
    assert hint in told.err
    assert "xxx" not in told.err
    assert told.err.count("\n") == 1


def test_a_method_that_the_daemon_does_not_know_is_a_newer_one(daemon: FakeDaemon, cwtch: Cwtch) -> None:
    daemon.refuse("token.list", -32601, "", "There is no such method.")
    told = cwtch("token", "list")
    assert (told.status, "older than this `cwtch`" in told.err) == (4, True)


def test_params_that_nothing_is_wrong_with_leave_the_daemons_sentence(
    daemon: FakeDaemon, cwtch: Cwtch
) -> None:
    daemon.refuse("tor.status", -32602, "", "The params don't fit.")
    assert cwtch("tor", "status").err == "cwtch: The params don't fit.\n"


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["contcat", "list"], "cwtch contact"),
        (["contact", "acept"], "cwtch contact accept"),
        (["send"], "cwtch message send"),
        (["conversation", "mark_read", "1"], "mark-read"),
        (["xyzzy"], "cwtch --help"),
        (["send", "bob", "hi"], "cwtch message send"),
        (["add"], "cwtch contact add"),
        (["status"], "`cwtch daemon status` or `cwtch tor status`"),
        (["contacts"], "cwtch contact list"),
        (["ls"], "cwtch contact list"),
        (["contact", "ls"], "cwtch contact list"),
        (["retyr", "5"], "cwtch message retry"),
        (["profile", "rename", "al"], "cwtch profile set"),
        (["run"], "cwtchd run"),
        (["--limit", "5", "message", "list", "bob"], "--limit stands behind"),
        (["message", "list", "bob", "--limt", "5"], "'--limit'? `cwtch message list --help`"),
        (["profile", "set", "autostart", "perhaps"], "`yes` or `no`"),
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
        "5    what was waited for",
        "6    the daemon refused since this caller",
        "7    the log no longer holds",
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
    assert (
        cwtch("message", "send", "bob", "-", stdin=b"\x01" * 400_000).status == 2
    )  # six bytes each, as JSON has them
    assert cwtch("message", "send", "bob", "-", stdin="ü".encode() * (1 << 19)).status == 2
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


# --- tokens and pictures -----------------------------------------------------------------------------------------


def test_a_token_is_written_where_only_its_owner_reads(
    daemon: FakeDaemon, alice: FakeProfile, cwtch: Cwtch, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    made = cwtch("token", "create", "read", "--output", str(file))
    assert (made.status, made.out) == (0, f"id: 1\nwritten to: {file}\n")
    assert file.stat().st_mode & 0o777 == 0o600
    again = cwtch("token", "create", "read", "--output", str(file))
    assert (again.status, "nothing is written over" in again.err) == (2, True)
    assert cwtch("token", "create", "read", "--output", str(tmp_path / "no" / "token")).status == 1
    assert [name for name, _ in daemon.calls].count("token.create") == 1
    assert cwtch("token", "list").out.startswith("1\t\tread\tall profiles\t")

    held = cwtch("--token-file", str(file), "profile", "get")
    assert alice.id in held.out
    monkeypatch.setenv("CWTCH_TOKEN_FILE", str(file))
    assert cwtch("profile", "lock").status == 6
    assert cwtch("token", "create", "admin").status == 6
    monkeypatch.delenv("CWTCH_TOKEN_FILE")
    assert cwtch("token", "revoke", "1").status == 0
    assert cwtch("--token-file", str(file), "profile", "get").status == 6
    none = cwtch("--token-file", str(tmp_path / "none"), "profile", "get")
    assert (none.status, "token file" in none.err) == (1, True)


def test_a_failed_token_leaves_no_file(daemon: FakeDaemon, cwtch: Cwtch, tmp_path: Path) -> None:
    daemon.refuse("token.create", -32013, "storage_failed", "The disk did not take it.")
    assert cwtch("token", "create", "read", "--output", str(tmp_path / "token")).status == 4
    assert not (tmp_path / "token").exists()


def test_an_address_as_a_picture(alice: FakeProfile, cwtch: Cwtch, tmp_path: Path) -> None:
    svg, png = tmp_path / "a.svg", tmp_path / "a.png"
    told = cwtch("profile", "qr", "--svg", str(svg), "--png", str(png))
    assert told.out == f"cwtch:{alice.id}\n"
    assert svg.read_bytes().startswith(b"<?xml")
    assert png.read_bytes().startswith(b"\x89PNG")
    before = svg.read_bytes()
    assert cwtch("profile", "qr", "--svg", str(svg)).status == 2
    assert svg.read_bytes() == before
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert cwtch("profile", "qr", "--svg", str(tmp_path / "link")).status == 2
    assert not (tmp_path / "elsewhere").exists()


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
