"""`cwtch chat` as a process: on a terminal, where it is typed and read at once, and on pipes."""

import json
import os
import re
import signal
import subprocess
import sys
import termios

import pytest

from cwtch_client import Json
from cwtch_client.fake_world import FakeProfile, onion
from cwtch_client.testing import FakeDaemon
from tests.support.cwtch_process import Screen, command, environment, on_terminal, started
from tests.unit.clients.conftest import BOB

pytestmark = pytest.mark.filterwarnings("ignore:.*preexec_fn:DeprecationWarning")

Values = dict[str, Json]


def sent(daemon: FakeDaemon) -> list[Json]:
    return [params["text"] for name, params in daemon.calls if name == "message.send"]


def message(daemon: FakeDaemon, alice: FakeProfile, text: str) -> int:
    return next(number for number, each in alice.messages.items() if each["text"] == text)


# --- on a terminal -----------------------------------------------------------------------------------------------


def test_a_conversation(daemon: FakeDaemon, alice: FakeProfile, bob: Values) -> None:
    daemon.receive(alice.id, BOB, "before you came")
    with on_terminal(daemon, "chat", "bob") as (process, terminal):
        screen = Screen(terminal)
        screen.until("bob (not connected)> ")
        assert "bob: before you came" in screen.text
        daemon.until(lambda: bob["unread"] == 0)

        os.write(terminal, b"hi b")
        screen.until("> hi b")
        daemon.receive(alice.id, BOB, "how are you?")
        screen.until("bob: how are you?")
        screen.until("> hi b")  # it is drawn again below what came in
        assert screen.rows()[-1] == "bob (not connected)> hi b"
        daemon.until(lambda: bob["unread"] == 0)

        screen.type("ob")
        screen.until("me: hi bob")
        number = message(daemon, alice, "hi bob")
        screen.until(f"(#{number} queued)")
        screen.until("1 undelivered")
        daemon.deliver(alice.id, number)
        screen.until(f"(#{number} delivered)")  # in the place of the line that said queued
        daemon.tell(
            alice.id,
            "connection.changed",
            {"conversation": bob["id"], "connection": {"state": "authenticated"}},
        )
        screen.until("bob (not connected)> ")  # what counts is what the daemon answers
        os.write(terminal, b"\x04")
        assert process.wait(20) == 0
    assert sent(daemon) == ["hi bob"]
    said = [row.rstrip() for row in screen.rows() if "hi bob" in row]
    assert len(said) == 1
    assert re.fullmatch(r"\d\d:\d\d me: hi bob  \(#\d+ delivered\)", said[0])


def test_a_mark_that_comes_late_has_its_own_line(daemon: FakeDaemon, alice: FakeProfile, bob: Values) -> None:
    with on_terminal(daemon, "chat", "bob") as (process, terminal):
        screen = Screen(terminal)
        screen.until("> ")
        screen.type("first")
        screen.until("me: first")
        screen.type("long " * 40)
        screen.until("me: long")
        for text in ("first", "long " * 40):
            number = message(daemon, alice, text)
            daemon.deliver(alice.id, number)
            screen.until(f"      #{number} delivered")
        screen.type("third")
        screen.until("me: third")
        third = message(daemon, alice, "third")
        alice.messages[third]["state"] = "failed"
        alice.messages[third]["error"] = "blocked"
        daemon.tell(alice.id, "message.failed", alice.messages[third], stored=True)
        screen.until(f"(#{third} failed)")
        screen.until(f"Not delivered (blocked): `cwtch message retry {third}`")
        os.write(terminal, b"\x04")
        assert process.wait(20) == 0
    rows = screen.rows()
    assert [row.split(" ", 1)[1].split("  ")[0] for row in rows if "me: first" in row] == ["me: first"]


def test_slash_commands_are_told_and_a_wrong_one_is_not_sent(
    daemon: FakeDaemon, alice: FakeProfile, bob: Values
) -> None:
    with on_terminal(daemon, "chat", "bob") as (process, terminal):
        screen = Screen(terminal)
        screen.until("> ")
        screen.type("/help")
        screen.until("/quit or ^D ends")
        screen.type("/info")
        screen.until("last heard: never")
        screen.type("/quti")
        screen.until("nothing was sent")
        screen.until("> /quti")  # it can be corrected
        os.write(terminal, b"\x15")
        screen.type("//slash")
        screen.until("me: /slash")
        screen.type("/quit")
        screen.until("1 not delivered yet")
        assert process.wait(20) == 0
    assert sent(daemon) == ["/slash"]


def test_what_the_other_side_writes_steers_nothing(
    daemon: FakeDaemon, alice: FakeProfile, bob: Values
) -> None:
    daemon.receive(alice.id, BOB, "\x1b]0;owned\x07one\n12:00 me: I never said this\u202e")
    daemon.receive(alice.id, BOB, "[red]x[/] " + "long " * 40)
    with on_terminal(daemon, "chat", "bob") as (process, terminal):
        screen = Screen(terminal)
        screen.until("[red]x[/]")
        screen.until("> ")
        assert "\x1b]" not in screen.text
        assert "\x07" not in screen.text
        assert "\u202e" not in screen.text
        rows = [row for row in screen.rows() if "I never said" in row or row.lstrip().startswith("long")]
        assert len(rows) > 1
        assert all(row.startswith("     ") for row in rows)  # all of a text stands on the right of its writer
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130


def test_it_goes_on_over_a_restart_of_the_daemon(daemon: FakeDaemon, alice: FakeProfile, bob: Values) -> None:
    with on_terminal(daemon, "chat", "bob") as (process, terminal):
        screen = Screen(terminal)
        screen.until("> ")
        daemon.stop(lock=False)
        screen.until("gone for now")
        screen.until("(no daemon)> ")
        screen.type("while you were away")
        screen.until("1 undelivered")
        daemon.start()
        screen.until("It is there again.")
        screen.until("me: while you were away")
        daemon.receive(alice.id, BOB, "welcome back")
        screen.until("bob: welcome back")
        os.write(terminal, b"\x04")
        assert process.wait(20) == 0
    assert sent(daemon) == ["while you were away"]
    assert screen.text.count("bob: welcome back") == 1


def test_a_reply_that_is_lost_doubles_nothing(daemon: FakeDaemon, alice: FakeProfile, bob: Values) -> None:
    with on_terminal(daemon, "chat", "bob") as (process, terminal):
        screen = Screen(terminal)
        screen.until("> ")
        daemon.refuse("message.send", -32002, "profile_locked", "No open profile has this id.")
        screen.type("once")
        screen.until("me: once")
        os.write(terminal, b"\x04")
        assert process.wait(20) == 0
    names = [params["client_id"] for name, params in daemon.calls if name == "message.send"]
    assert len(names) == 2
    assert len(set(names)) == 1


def test_what_is_refused_is_given_back(daemon: FakeDaemon, alice: FakeProfile, bob: Values) -> None:
    with on_terminal(daemon, "chat", "bob") as (process, terminal):
        screen = Screen(terminal)
        screen.until("> ")
        daemon.refuse("message.send", -32006, "message_too_large", "Shorten it.")
        screen.type("too long")
        screen.until("Not sent: Shorten it.")
        screen.until("> too long")
        os.write(terminal, b"\x17short\n")
        screen.until("me: too short")
        os.write(terminal, b"\x04")
        assert process.wait(20) == 0


def test_the_terminal_is_given_back_as_it_was(daemon: FakeDaemon, alice: FakeProfile, bob: Values) -> None:
    with on_terminal(daemon, "chat", "bob") as (process, terminal):
        before = termios.tcgetattr(terminal)
        screen = Screen(terminal)
        screen.until("> ")
        assert termios.tcgetattr(terminal) != before
        daemon.world.profiles.clear()
        daemon.refuse("event.subscribe", -32008, "unauthorized", "This caller may not do that.")
        daemon.drop()
        screen.until("may not do that")
        assert process.wait(20) == 6
        assert termios.tcgetattr(terminal) == before
    assert screen.text.count("\x1b[?2004h") == screen.text.count("\x1b[?2004l")


def test_it_stops_and_comes_back(daemon: FakeDaemon, alice: FakeProfile, bob: Values) -> None:
    with on_terminal(daemon, "chat", "bob") as (process, terminal):
        before = termios.tcgetattr(terminal)
        screen = Screen(terminal)
        screen.until("> ")
        os.write(terminal, b"half a th\x1a")
        screen.until("\x1b[?2004l")
        # A session's first group can't be stopped by its own terminal: nobody could bring it back. So it goes on at once.
        screen.until("\x1b[?2004h")
        screen.type("ought")
        screen.until("me: half a thought")
        os.write(terminal, b"\x04")
        assert process.wait(20) == 0
        assert termios.tcgetattr(terminal) == before


def follows(daemon: FakeDaemon) -> bool:
    """Whether it follows: the first subscription only asks where the log ends."""
    asked = [name for name, _ in daemon.calls].count("event.subscribe")
    return asked > 1 and daemon.subscriptions() == 1


# --- on pipes ----------------------------------------------------------------------------------------------------


def piped(daemon: FakeDaemon, *words: str, stdin: bytes) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        command(daemon, *words), input=stdin, capture_output=True, env=environment(), check=False, timeout=60
    )


def test_lines_of_standard_input_are_sent_as_they_are(
    daemon: FakeDaemon, alice: FakeProfile, bob: Values
) -> None:
    daemon.receive(alice.id, BOB, "before\tyou came")
    done = piped(daemon, "chat", "bob", stdin="Grüße\n\n/quit\nno line end".encode())
    assert (done.returncode, done.stderr) == (0, b"")
    assert sent(daemon) == ["Grüße", "/quit", "no line end"]
    rows = [row.split("\t") for row in done.stdout.decode().splitlines()]
    assert [(row[2], row[3], row[4]) for row in rows] == [
        ("bob", "received", "before\\tyou came"),
        ("me", "queued", "Grüße"),
        ("me", "queued", "/quit"),
        ("me", "queued", "no line end"),
    ]


def test_what_comes_in_is_printed_as_it_comes(daemon: FakeDaemon, alice: FakeProfile, bob: Values) -> None:
    with started(daemon, "chat", "bob", "--json", "--lines", "0", stdin=subprocess.PIPE) as chat:
        assert chat.stdout is not None
        assert chat.stdin is not None
        daemon.until(lambda: follows(daemon))
        daemon.receive(alice.id, onion("carol"), "not for this conversation")
        daemon.receive(alice.id, BOB, "one")
        assert json.loads(chat.stdout.readline())["text"] == "one"
        chat.stdin.write("two\n")
        chat.stdin.flush()
        assert json.loads(chat.stdout.readline())["state"] == "queued"
        daemon.stop(lock=False)
        chat.stdin.write("three\n")
        chat.stdin.close()  # it ends when the daemon has taken what was read
        daemon.start()
        assert json.loads(chat.stdout.readline())["text"] == "three"
        assert chat.wait(20) == 0
    assert sent(daemon)[0] == "two"
    assert set(sent(daemon)[1:]) == {"three"}


@pytest.mark.parametrize(
    ("stdin", "status", "hint"),
    [(b"\xff\n", 1, b"UTF-8"), (b"x" * (1 << 21), 1, b"longer than any message")],
)
def test_what_is_no_text_is_not_sent(
    daemon: FakeDaemon, alice: FakeProfile, bob: Values, stdin: bytes, status: int, hint: bytes
) -> None:
    done = piped(daemon, "chat", "bob", stdin=stdin)
    assert (done.returncode, hint in done.stderr) == (status, True)
    assert sent(daemon) == []


def test_a_refused_line_is_told_and_the_others_are_sent(
    daemon: FakeDaemon, alice: FakeProfile, bob: Values
) -> None:
    daemon.refuse("message.send", -32006, "message_too_large", "Shorten it.")
    done = piped(daemon, "chat", "bob", stdin=b"one\ntwo\n")
    assert (done.returncode, done.stderr) == (4, b"cwtch: Not sent: Shorten it.\n")
    assert sent(daemon) == ["one", "two"]


def test_more_lines_than_are_kept(daemon: FakeDaemon, alice: FakeProfile, bob: Values) -> None:
    lines = [f"line {number}" for number in range(3000)]
    done = piped(daemon, "chat", "bob", stdin="\n".join(lines).encode())
    assert done.returncode == 0
    assert sent(daemon) == lines


def test_a_log_that_lost_its_place_is_read_anew(daemon: FakeDaemon, alice: FakeProfile, bob: Values) -> None:
    with started(daemon, "chat", "bob", stdin=subprocess.PIPE) as chat:
        assert chat.stdout is not None
        assert chat.stderr is not None
        daemon.until(lambda: follows(daemon))
        daemon.stop(lock=False)
        daemon.receive(alice.id, BOB, "missed")
        daemon.world.profiles[alice.id].log.clear()
        daemon.start()
        assert chat.stdout.readline().endswith("\tmissed\n")
        daemon.receive(alice.id, BOB, "next")
        assert chat.stdout.readline().endswith("\tnext\n")


def test_what_was_said_before_the_page_is_not_said_again_when_it_changes(
    daemon: FakeDaemon, alice: FakeProfile, bob: Values
) -> None:
    older = daemon.receive(alice.id, BOB, "older")
    daemon.receive(alice.id, BOB, "newer")
    with started(daemon, "chat", "bob", "--lines", "1", stdin=subprocess.PIPE) as chat:
        assert chat.stdout is not None
        assert chat.stdout.readline().endswith("\tnewer\n")
        daemon.tell(alice.id, "message.read", {**older, "state": "read"}, stored=True)
        daemon.receive(alice.id, BOB, "newest")
        assert chat.stdout.readline().endswith("\tnewest\n")


def test_without_standard_input_it_ends_at_once(daemon: FakeDaemon, alice: FakeProfile, bob: Values) -> None:
    script = 'exec "$0" -m cwtch_cli --socket "$1" chat bob <&-'
    done = subprocess.run(
        ["sh", "-c", script, sys.executable, daemon.path],
        env=environment(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
