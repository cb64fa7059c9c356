"""Each command against a fake daemon: the call that it makes, what it prints, its exit status."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import click
import pytest

from cwtch_cli.__main__ import cli
from cwtch_cli.refused import command_of
from cwtch_client import Json
from cwtch_client.fake_methods import METHODS
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
    (["contact", "list"], "contact.list", {}, f"\tbob\taccepted\tnot connected\t0\t-\t{BOB}"),
    (["contact", "get", "bob"], "contact.get", {"conversation": 0}, "state: accepted"),
    (["contact", "accept", BOB], "contact.accept", {"conversation": 0}, "state: accepted"),
    (
        ["contact", "set", "bob", "--name", "robert"],
        "contact.set",
        {"conversation": 0, "name": "robert"},
        "name: robert",
    ),
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
    (
        ["hosting", "create", "--unsealed", "--description", "ours", "--autostart", "--max-hours", "24"],
        "hosting.create",
        {"description": "ours", "autostart": True, "max_hours": 24},
        "state: running",
    ),
    (["hosting", "list"], "hosting.list", {}, "\tstopped\tin the clear\t-\tkept\t"),
    (["hosting", "get"], "hosting.get", {"id": "H"}, "description: kept"),
    (["hosting", "bundle", "kept"], "hosting.get", {"id": "H"}, "server:"),
    (
        ["hosting", "set", "--no-autostart", "--max-hours", "none", "--max-mib", "7"],
        "hosting.set",
        {"id": "H", "autostart": False, "max_hours": None, "max_mib": 7},
        "keeps: at most 1000000 messages and 7 MiB, for ever",
    ),
    (["hosting", "start", "H"], "hosting.start", {"id": "H"}, "state: running"),
    (["hosting", "stop", "H"], "hosting.stop", {"id": "H"}, "state: stopped"),
    (["hosting", "stats"], "hosting.stats", {"id": "H"}, "messages kept: -"),
    (["hosting", "delete", "--yes"], "hosting.delete", {"id": "H"}, "deleted"),
    (["server", "add", "B"], "server.add", {"bundle": "B"}, "tokens: 20"),
    (["server", "list"], "server.list", {}, "\tdisconnected\t-\t0\t20\t0\t\t"),
    (["server", "get", "S"], "server.get", {"server": -2}, "state: disconnected"),
    (["server", "sync", "S"], "server.sync", {"server": -2}, "state: synced"),
    (["server", "remove", "S"], "server.remove", {"server": -2}, "used no more"),
]


def filled(value: object, stand_ins: dict[object, object]) -> object:
    """The example's stand-ins, as what the fake daemon gave."""
    if isinstance(value, list):
        return [filled(each, stand_ins) for each in value]
    return value if value is None or isinstance(value, bool) else stand_ins.get(value, value)


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
    hosted = daemon.world.hosting.create({"description": "kept"})
    used = METHODS["server.add"](daemon.world, {"profile": alice.id, "bundle": hosted["bundle"]})
    assert isinstance(used, dict)
    stand_ins: dict[object, object] = {0: other, -1: number, -2: used["id"], "M": number, "S": used["id"]}
    stand_ins |= {"H": hosted["id"], "B": hosted["bundle"]}
    arguments = [str(filled(word, stand_ins)) for word in words]
    wanted = {
        name: other if name == "conversation" else filled(value, stand_ins) for name, value in params.items()
    }
    if "profile" in wanted:
        wanted["profile"] = alice.id
    on_profile = not method.startswith(("daemon.", "tor.", "token.", "hosting.")) and method != "profile.list"

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
