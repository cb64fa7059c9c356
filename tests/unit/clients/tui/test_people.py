"""Contacts, requests and profiles: the dialogs, by their keys."""

from pathlib import Path
from typing import Any

from cwtch_client.fake_world import FakeProfile
from cwtch_client.testing import FakeDaemon, onion
from tests.unit.clients.conftest import BOB
from tests.unit.clients.tui.conftest import Play, Stage
from tests.unit.clients.tui.test_talking import calls

Row = dict[str, Any]


def test_nothing_is_there_and_it_says_what_to_do(play: Play, daemon: FakeDaemon) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.sees("No profile is open.", "Press u to unlock", "or n to make one")
        await stage.press("a")
        await stage.sees("No profile is open: u unlocks one")
        await stage.press("n")
        await stage.sees("Make a profile")
        await stage.type("alice")
        await stage.press("tab")
        await stage.type("sesame")
        await stage.press("tab")
        await stage.type("sesamo")
        await stage.press("enter")
        await stage.sees("The two passwords were not the same")
        assert calls(daemon, "profile.create") == []
        await stage.type("sesame")
        await stage.press("enter")
        await stage.type("sesame")
        assert "sesame" not in stage.screen
        await stage.press("enter")
        await stage.sees("Nobody is here yet.", "Press a to add")
        assert calls(daemon, "profile.create") == [{"name": "alice", "password": "sesame"}]

    play(scenario)


def test_a_password_is_hidden_wrong_and_right(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row
) -> None:
    alice.open = False

    async def scenario(stage: Stage) -> None:
        await stage.sees("No profile is open.")
        await stage.press("u")
        await stage.type("wrong word")
        assert "wrong" not in stage.screen
        assert "••••••••••" in stage.screen
        await stage.press("enter")
        await stage.sees("Nothing here opens with this password")
        assert "•" not in stage.screen
        await stage.type("secret")
        await stage.press("enter")
        await stage.sees("alice", "bob")

    play(scenario)


def test_several_profiles_switch_and_lock(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row
) -> None:
    work = daemon.world.create("work", "other")
    daemon.world.add_conversation(work, onion("boss"), "boss", "accepted")

    async def scenario(stage: Stage) -> None:
        await stage.sees("alice", "bob", "+1 open")
        daemon.receive(work.id, onion("boss"), "a minute?")
        await stage.sees("+1 open, 1 new")
        await stage.press("p")
        await stage.sees("Profiles", "work  1 new")
        await stage.press("down", "enter")
        await stage.sees("boss")
        await stage.misses("bob")
        await stage.press("l")
        await stage.sees("Lock work?")
        await stage.press("n")
        await stage.misses("Lock work?")
        assert calls(daemon, "profile.lock") == []
        await stage.press("l", "y")
        await stage.sees("alice", "bob")
        assert calls(daemon, "profile.lock") == [{"profile": work.id}]

    play(scenario)


def test_it_begins_with_the_profile_that_is_wanted(
    play: Play, daemon: FakeDaemon, alice: FakeProfile
) -> None:
    daemon.world.create("work", "other")

    async def by_name(stage: Stage) -> None:
        await stage.sees("work", "Nobody is here yet.")

    async def unknown(stage: Stage) -> None:
        await stage.sees("No open profile is called nobody")

    play(by_name, wanted="work")
    play(by_name, wanted=next(name for name in daemon.world.profiles if name != alice.id))
    play(unknown, wanted="nobody")


def test_others_lock_and_unlock_and_it_is_seen(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row
) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.sees("bob")
        await stage.until(lambda: daemon.subscriptions() == 2)
        with daemon._lock:
            alice.open = False
            daemon.world.tell(None, "profile.locked", alice.shown(), stored=False)
        await stage.sees("No profile is open.")
        with daemon._lock:
            alice.open = True
            daemon.world.tell(None, "profile.unlocked", alice.shown(), stored=False)
        await stage.sees("alice", "bob")

    play(scenario)


def test_a_contact_is_added(play: Play, daemon: FakeDaemon, alice: FakeProfile) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.sees("Nobody is here yet.")
        await stage.press("a")
        await stage.sees("Add a contact", "Your address", alice.id[:8], "█▀▀▀▀▀█")
        await stage.type("tooshort")
        await stage.press("enter")
        await stage.sees("An address has 56 characters")
        await stage.press("home", "ctrl+k")
        await stage.paste(f"cwtch:{BOB}.onion\n")
        await stage.press("tab")
        await stage.type("bob")
        await stage.press("tab")
        await stage.type("hello, may I?")
        await stage.press("enter")
        await stage.sees("Write to bob", "hello, may I?", "… queued")
        assert calls(daemon, "contact.add") == [
            {"profile": alice.id, "address": BOB, "name": "bob", "message": "hello, may I?"}
        ]

    play(scenario)


def test_a_refusal_is_said_where_it_happened_and_nothing_typed_is_lost(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row
) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.sees("bob")
        await stage.press("a")
        await stage.paste(BOB)
        await stage.press("enter")
        await stage.sees("This is there already")
        assert "Add a contact" in stage.screen
        assert BOB[:30] in stage.screen
        await stage.press("escape")
        await stage.misses("Add a contact")

    play(scenario)


def asking(play: Play, daemon: FakeDaemon, alice: FakeProfile, *keys: str) -> None:
    """A request comes, is looked at, and answered with these keys."""

    async def scenario(stage: Stage) -> None:
        await stage.sees("Nobody is here yet.")
        daemon.receive(alice.id, BOB, "It is [b]Bob[/b]\x1b[0m")
        await stage.sees("? ", "wants to talk to you", "1 new")
        await stage.until(lambda: stage.app.focused is not None)
        await stage.press("enter")
        await stage.sees("Somebody wants to talk to you", r"│ It is [b]Bob[/b]\x1b[0m", BOB[:8], BOB[48:])
        assert calls(daemon, "conversation.mark_read") == []
        await stage.press(*keys)
        await stage.misses("Somebody wants to talk to you")

    play(scenario)


def test_a_request_is_accepted(play: Play, daemon: FakeDaemon, alice: FakeProfile) -> None:
    asking(play, daemon, alice, "a")
    assert len(calls(daemon, "contact.accept")) == 1


def test_a_request_is_rejected(play: Play, daemon: FakeDaemon, alice: FakeProfile) -> None:
    asking(play, daemon, alice, "r")
    assert len(calls(daemon, "contact.reject")) == 1
    assert alice.conversations == {}


def test_a_request_is_blocked(play: Play, daemon: FakeDaemon, alice: FakeProfile) -> None:
    asking(play, daemon, alice, "b")
    assert [each["state"] for each in alice.conversations.values()] == ["blocked"]


def test_a_request_waits(play: Play, daemon: FakeDaemon, alice: FakeProfile) -> None:
    asking(play, daemon, alice, "escape")
    assert [each["state"] for each in alice.conversations.values()] == ["pending"]


def test_somebody_is_blocked_and_unblocked(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row
) -> None:
    bob["name"] = "bob [b]"

    async def scenario(stage: Stage) -> None:
        await stage.sees("bob")
        await stage.press("b")
        await stage.sees("Block bob [b]?", "until you unblock them")
        await stage.press("y")
        await stage.sees("x bob [b]", "blocked")
        await stage.press("enter")
        await stage.sees("You have blocked them")
        await stage.press("b")
        await stage.misses("x bob")

    play(scenario)


def test_the_daemon_goes_and_comes_back_and_nothing_typed_is_lost(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row
) -> None:
    bob["connection"] = {"state": "authenticated", "since": 1, "last_proof_at": 2}

    async def scenario(stage: Stage) -> None:
        await stage.open(bob["id"])
        await stage.sees("● connected")
        await stage.type("half a thought")
        daemon.stop()
        await stage.sees("The daemon is gone.", "cwtchd run", "goes on by itself", "not known: no daemon")
        await stage.misses("● connected", "Tor ready")
        daemon.start()
        await stage.sees("No profile is open.", "Tor ready")
        await stage.misses("The daemon is gone.")
        await stage.press("u")
        await stage.type("secret")
        await stage.press("enter")
        await stage.sees("bob", "half a thought", "● connected")

    play(scenario)


def test_what_happened_while_the_connection_was_lost_is_there(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row
) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.open(bob["id"])
        daemon.stop(lock=False)
        await stage.sees("The daemon is gone.")
        daemon.receive(alice.id, BOB, "while you were away")
        daemon.start()
        await stage.sees("while you were away")
        await stage.misses("The daemon is gone.")

    play(scenario)


def test_a_daemon_is_waited_for(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row, tmp_path: Path
) -> None:
    daemon.stop(lock=False)

    async def scenario(stage: Stage) -> None:
        await stage.sees("No daemon answers at", "`cwtchd run`")
        daemon.start()
        await stage.sees("bob")

    play(scenario)


def test_tor_comes_up_in_words_and_percent(play: Play, daemon: FakeDaemon, alice: FakeProfile) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.sees("Tor ready")
        await stage.until(lambda: daemon.subscriptions() >= 1)
        daemon.tell(None, "tor.changed", {"state": "connecting", "progress": 45, "summary": "Loading relays"})
        await stage.sees("Tor connecting 45 %: Loading relays")
        await stage.press("ctrl+t")
        await stage.sees("Tor makes new circuits from now on.")

    play(scenario)


def test_help_and_the_palette_name_every_key(play: Play, daemon: FakeDaemon, alice: FakeProfile) -> None:
    async def scenario(stage: Stage) -> None:
        await stage.sees("? Help", "q Quit", "a Add")
        await stage.press("question_mark")
        await stage.sees("all commands, found by their words", "stored on their side")
        await stage.press("escape", "ctrl+p")
        await stage.type("circuits")
        await stage.sees("New circuits")

    play(scenario)


def test_it_fits_small_and_large_terminals(
    play: Play, daemon: FakeDaemon, alice: FakeProfile, bob: Row
) -> None:
    daemon.receive(alice.id, BOB, "hello there")

    async def scenario(stage: Stage) -> None:
        await stage.open(bob["id"])
        for width, height in ((40, 12), (200, 60), (80, 24)):
            await stage.pilot.resize_terminal(width, height)
            await stage.sees("hello there", "Tor ready")
        await stage.pilot.resize_terminal(20, 5)
        await stage.pilot.pause()

    play(scenario)


def test_many_contacts_scroll_and_each_keeps_its_two_lines(
    play: Play, daemon: FakeDaemon, alice: FakeProfile
) -> None:
    for number in range(40):
        made = daemon.world.add_conversation(
            alice, onion(f"c{number}"), f"contact {number:02} of many with a long name", "accepted"
        )
        made["unread"] = number % 3

    async def scenario(stage: Stage) -> None:
        await stage.sees("contact 00", "1 new")
        contacts = stage.app.main.query_one("#contacts")
        await stage.until(lambda: contacts.virtual_size.height == 80)
        await stage.press("end")
        await stage.sees("contact 39")
        assert [line[:14] for line in stage.screen.split("\n")[-3:-1]] == [" ○ contact 39 ", "   not reached"]

    play(scenario)
