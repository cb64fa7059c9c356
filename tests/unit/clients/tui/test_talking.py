"""Conversations on the screen: written, delivered, read, tried again, and what contacts write can't do."""

from typing import Any

import pytest
from textual.events import AppBlur, AppFocus

from cwtch_client import Json
from cwtch_client.fake_world import FakeProfile
from cwtch_client.testing import FakeDaemon, onion
from tests.unit.clients.conftest import BOB
from tests.unit.clients.tui.conftest import Play, Stage

Row = dict[str, Any]


def calls(daemon: FakeDaemon, method: str) -> list[dict[str, Json]]:
    return [params for name, params in daemon.calls if name == method]


def number_of(row: dict[str, Json]) -> int:
    number = row["id"]
    assert isinstance(number, int)
    return number


def unread(stage: Stage, conversation: int) -> int:
    place = stage.app.state.place
    assert place is not None
    return place.conversations[conversation].unread


def test_a_message_is_written_sent_and_delivered(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row
) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.sees("bob", "not reached yet", "Tor ready")
        await stage.press("enter")
        await stage.type("Are you there?")
        await stage.press("ctrl+j")
        await stage.type("It rains.")
        await stage.press("enter")
        await stage.sees("you", "Are you there?", "It rains.", "… queued")
        sent = calls(daemon, "message.send")
        assert [each["text"] for each in sent] == ["Are you there?\nIt rains."]
        daemon.tell(
            alice.id, "connection.changed", {"conversation": bob["id"], "connection": {"state": "connecting"}}
        )
        await stage.sees("… connecting", "◐")
        number = next(iter(alice.messages))
        daemon.deliver(alice.id, number)
        await stage.sees("✓ delivered")
        await stage.misses("queued")

    play(scenario)


def test_a_failed_message_says_why_and_is_tried_again(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row
) -> None:
    failed = daemon.world.add_message(
        alice, bob, outgoing=True, text="long", state="failed", error="message_too_large", delivery=None
    )

    async def scenario(stage: Stage) -> None:
        await stage.open(bob["id"])
        await stage.sees("✗ failed: too long for their version")
        await stage.press("escape", "tab", "r")
        await stage.sees("… queued")
        assert calls(daemon, "message.retry") == [{"profile": alice.id, "message": failed["id"]}]

    play(scenario)


def test_what_contacts_write_steers_nothing(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row
) -> None:
    evil = (
        "\x1b]0;owned\x07 \x1b[2J \u202ekcab [red]x[/red] [@click=app.quit]y[/] a\rb " + "e" + "\u0301" * 300
    )
    daemon.receive(alice.id, BOB, evil)
    daemon.receive(alice.id, BOB, "w" * 20_000)
    daemon.receive(alice.id, BOB, None, overlay=200)
    bob["name"] = "b[b]o\x1b[31mb"
    daemon.receive(alice.id, BOB, "the end")

    async def scenario(stage: Stage) -> None:
        await stage.open(bob["id"])
        await stage.sees("the end", "overlay 200", r"b[b]o\x1b[31mb")
        await stage.press("escape", "tab", "home")
        await stage.sees(r"\x1b]0;owned\x07", r"\u202ekcab", "[red]x[/red]", "[@click=app.quit]y[/]", r"a\rb")
        drawn = [segment.text for strip in stage.app.screen._compositor.render_strips() for segment in strip]
        assert not [
            text for text in drawn if any(ord(each) < 32 or each in "\x7f\x9b\u202e" for each in text)
        ]
        assert max(strip.cell_length for strip in stage.app.screen._compositor.render_strips()) == 80

    play(scenario)


def test_a_paste_hides_nothing_in_what_is_sent(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row
) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.open(bob["id"])
        await stage.paste("one\r\ntwo\x1b\u202e")
        await stage.sees("one", "two")
        await stage.type("!")
        await stage.press("enter")
        await stage.sees("… queued")
        assert calls(daemon, "message.send")[0]["text"] == "one\ntwo!"

    play(scenario)


def test_drafts_stay_with_their_conversations(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row
) -> None:
    carol = daemon.world.add_conversation(alice, onion("carol"), "carol", "accepted")

    async def scenario(stage: Stage) -> None:
        await stage.open(bob["id"])
        await stage.type("half a thought")
        await stage.open(number_of(carol))
        await stage.misses("half a thought")
        await stage.type("for carol")
        await stage.open(bob["id"])
        await stage.sees("half a thought")
        await stage.misses("for carol")
        assert calls(daemon, "message.send") == []

    play(scenario)


def test_what_could_not_be_sent_comes_back_and_is_the_same_message(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row
) -> None:
    daemon.refuse("message.send", -32013, "storage_failed", "The disk did not take it.")

    async def scenario(stage: Stage) -> None:
        await stage.open(bob["id"])
        await stage.type("important")
        await stage.press("enter")
        await stage.sees("The disk did not take it.")
        await stage.until(lambda: stage.app.main.query_one("#composer").text == "important")  # type: ignore[attr-defined]
        await stage.press("enter")
        await stage.sees("… queued")
        first, second = calls(daemon, "message.send")
        assert first == second, "under the same client_id it is stored once, whatever became of the first"

    play(scenario)


def test_a_reply_quotes(play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row) -> None:
    asked = daemon.receive(alice.id, BOB, "tea or coffee?")

    async def scenario(stage: Stage) -> None:
        await stage.open(bob["id"])
        await stage.press("escape", "tab", "up", "enter")
        await stage.sees("Reply to: tea or coffee?")
        await stage.type("tea")
        await stage.press("enter")
        await stage.sees("│ tea or coffee?", "… queued")
        await stage.misses("Reply to:")
        assert calls(daemon, "message.send")[0]["reply_to"] == asked["id"]

    play(scenario)


def test_older_messages_come_when_the_beginning_is_reached(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row
) -> None:
    for number in range(120):
        daemon.receive(alice.id, BOB, f"message {number}.")

    async def scenario(stage: Stage) -> None:
        await stage.open(bob["id"])
        await stage.sees("message 119.")
        assert len(calls(daemon, "message.list")) == 1, "no more than what is looked at"
        await stage.press("escape", "tab", "home")
        await stage.until(lambda: len(calls(daemon, "message.list")) == 2)
        await stage.sees("message 70.")
        await stage.press("home")
        await stage.until(lambda: len(calls(daemon, "message.list")) == 3)
        await stage.press("home")
        await stage.sees("message 0.")
        await stage.misses("older messages above")
        befores = [each.get("before") for each in calls(daemon, "message.list")]
        assert befores[0] is None
        assert len(set(befores)) == 3

    play(scenario)


def test_it_is_read_when_it_is_seen_and_not_before(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row
) -> None:
    daemon.receive(alice.id, BOB, "first")
    number = bob["id"]

    async def scenario(stage: Stage) -> None:
        await stage.sees("1 new")
        assert calls(daemon, "conversation.mark_read") == []
        await stage.open(number)
        await stage.misses("1 new")
        assert len(calls(daemon, "conversation.mark_read")) == 1

        stage.app.post_message(AppBlur())
        await stage.until(lambda: not stage.app.app_focus)
        daemon.receive(alice.id, BOB, "nobody looks")
        await stage.sees("1 new", "nobody looks", "── new ──")
        assert len(calls(daemon, "conversation.mark_read")) == 1
        stage.app.post_message(AppFocus())
        await stage.misses("1 new")

        await stage.press("escape", "question_mark")
        daemon.receive(alice.id, BOB, "behind the help")
        await stage.until(lambda: unread(stage, number) == 1)
        await stage.press("escape")
        await stage.until(lambda: unread(stage, number) == 0)

    play(scenario)


def test_it_is_not_read_while_older_messages_are_looked_at(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row
) -> None:
    for number in range(40):
        daemon.receive(alice.id, BOB, f"message {number}.")
    number = bob["id"]

    async def scenario(stage: Stage) -> None:
        await stage.open(number)
        await stage.until(lambda: unread(stage, number) == 0)
        await stage.press("escape", "tab", "home")
        await stage.sees("message 0.")
        daemon.receive(alice.id, BOB, "the latest")
        await stage.until(lambda: unread(stage, number) == 1)
        await stage.pilot.pause()
        assert "the latest" not in stage.screen, "what is read does not jump away"
        assert unread(stage, number) == 1
        await stage.press("end")
        await stage.sees("the latest")
        await stage.until(lambda: unread(stage, number) == 0)

    play(scenario)


def test_the_next_conversation_with_something_new(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row
) -> None:
    carol = daemon.world.add_conversation(alice, onion("carol"), "carol", "accepted")
    daemon.receive(alice.id, onion("carol"), "psst")

    async def scenario(stage: Stage) -> None:
        await stage.open(bob["id"])
        await stage.press("ctrl+n")
        await stage.sees("Write to carol", "psst")
        await stage.until(lambda: unread(stage, number_of(carol)) == 0)

    play(scenario)


def test_it_polls_nothing(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cwtch_tui.app._AGES_SECONDS", 0.01)
    drawn = 0

    async def scenario(stage: Stage) -> None:
        nonlocal drawn
        await stage.open(bob["id"])
        await stage.sees("Nothing was said yet")
        before = len(daemon.calls)
        show = stage.app.main.show

        def counted(*given: Any) -> None:
            nonlocal drawn
            drawn += 1
            show(*given)

        stage.app.main.show = counted  # type: ignore[method-assign, assignment]
        await stage.until(lambda: drawn > 20, "ages drawn anew")
        assert len(daemon.calls) == before

    play(scenario)


def test_ages_grow_older_by_themselves(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cwtch_tui.app._AGES_SECONDS", 0.01)
    clock = [100_000_000]
    bob["connection"] = {"state": "authenticated", "since": 1, "last_proof_at": clock[0]}

    async def scenario(stage: Stage) -> None:
        await stage.sees("connected, heard just now")
        clock[0] += 180_000
        await stage.sees("connected, heard 3 min ago")

    play(scenario, now=lambda: clock[0])
