"""The main job over real processes and sockets, with a folder for a Tor."""

from pathlib import Path

from tests.support.node import befriend, nodes, until


def test_consent_then_messages_both_ways(tmp_path: Path) -> None:
    with nodes(tmp_path, "alice", "bob") as (alice, bob):
        chat, request = befriend(alice, bob)
        alice.send(chat, "hi bob")
        bob.send(request, "hi alice")
        until("alice has bob's", lambda: alice.texts(chat, outgoing=False) == ["hi alice"])
        until("bob has alice's", lambda: bob.texts(request, outgoing=False) == ["hello, may I?", "hi bob"])
        until(
            "delivered",
            lambda: {each["state"] for each in alice.messages(chat) if each["outgoing"]} == {"delivered"},
        )
        seqs = [event["seq"] for event in alice.events()]
        assert seqs == list(range(1, len(seqs) + 1))


def test_a_kill_loses_and_doubles_nothing(tmp_path: Path) -> None:
    with nodes(tmp_path, "alice", "bob") as (alice, bob):
        chat, request = befriend(alice, bob)
        wanted = ["hello, may I?"]
        for burst in range(3):
            for number in range(20):
                wanted.append(f"{burst}-{number}")
                alice.send(chat, wanted[-1])
            bob.kill()
            bob.restart()
        until("all arrive", lambda: len(bob.texts(request, outgoing=False)) >= len(wanted))
        assert bob.texts(request, outgoing=False) == wanted
        until("all delivered", lambda: {each["state"] for each in alice.messages(chat)} == {"delivered"})
