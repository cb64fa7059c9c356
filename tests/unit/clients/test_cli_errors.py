"""What goes wrong on a command line: one sentence that says what to do, and an exit status for its class."""

from pathlib import Path

import pytest

from cwtch_cli.errors import refusal_of
from cwtch_client import Json, RpcError, fake_methods
from cwtch_client.fake_world import FakeProfile, onion
from cwtch_client.testing import FakeDaemon
from cwtchd.rpc.dispatch import DOCUMENT
from tests.unit.clients.conftest import Cwtch

CAROL = onion("carol")


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
        (["serve"], "cwtchd serve"),
        (["start"], "cwtch hosting start"),
        (["stop"], "`cwtch hosting stop` or `cwtch daemon shutdown`"),
        (["host"], "cwtch hosting"),
        (["hosting", "new"], "cwtch hosting create"),
        (["hosting", "ls"], "cwtch hosting list"),
        (["hosting", "rm"], "cwtch hosting delete"),
        (["hosting", "qr"], "cwtch hosting bundle"),
        (["hosting", "configure"], "cwtch hosting set"),
        (["server", "delete", "1"], "cwtch server remove"),
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
