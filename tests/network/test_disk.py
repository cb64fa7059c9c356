"""A disk that is full or read-only, and a canary down every failing path."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cwtchd.protocol.events import MessageAcknowledged
from tests.support.disk import remount, small_disk
from tests.support.node import Caller, Node, Refused, refused, until
from tests.support.raw_peer import RawPeer, someone

CANARY = "canary-77c1e0"


@pytest.fixture(name="small_disk")
def _small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path, "3m") as disk:
        yield disk


@pytest.fixture(name="node")
def _node(tmp_path: Path, small_disk: Path) -> Iterator[Node]:
    """A daemon whose home is on the small disk; its log and its socket are elsewhere."""
    onions = tmp_path / "onions"
    onions.mkdir()
    node = Node(small_disk, "alice", f"local:{onions}")
    node.log, node.socket = tmp_path / "alice.log", tmp_path / "alice.sock"
    try:
        node.start()
        node.create()
        yield node
    finally:
        node.end()


def test_a_full_disk_refuses_and_what_was_told_is_there(node: Node, tmp_path: Path, small_disk: Path) -> None:
    chat = node("contact.add", address=someone().onion)["id"]
    told = []
    for number in range(2000):
        try:
            told.append(node.send(chat, f"{number} {CANARY} " + "x" * 6000)["id"])
        except Refused as error:
            why = error.name
            break
    else:
        pytest.fail("the disk was never full")
    assert why == "storage_failed"
    refused("storage_failed", node, "contact.add", address=someone().onion, message="y" * 6000)
    assert [each["id"] for each in node.messages(chat)] == told
    assert CANARY not in node.log.read_text()
    remount(small_disk, "size=16m")
    told.append(node.send(chat, "room again")["id"])
    node.kill()
    node.restart()
    assert [each["id"] for each in node.messages(chat)] == told


def test_a_peers_message_that_the_disk_refuses_is_not_acknowledged(
    node: Node, tmp_path: Path, small_disk: Path
) -> None:
    who = someone()
    chat = node("contact.add", address=who.onion)["id"]
    peer = RawPeer.call(tmp_path / "onions", node.id, who).authenticate().admit()
    try:
        for number in range(1000):
            peer.say(f'{{"o":1,"d":"{number} {"x" * 6000}"}}', str(number))
            peer.until(MessageAcknowledged, max(0, number - 10))
    except (BrokenPipeError, ConnectionResetError, AssertionError):
        pass  # closed while it was still writing
    assert peer.until_closed(), "what is not stored closes its connection"
    acknowledged = [event.id for event in peer.events if isinstance(event, MessageAcknowledged)]
    assert acknowledged == [str(number) for number in range(len(acknowledged))]
    stored = node.texts(chat, outgoing=False)
    assert [text.split()[0] for text in stored][: len(acknowledged)] == acknowledged
    remount(small_disk, "size=32m")
    again = RawPeer.call(tmp_path / "onions", node.id, who).authenticate().admit()
    again.say('{"o":1,"d":"room again"}', "again")
    until("stored", lambda: node.texts(chat, outgoing=False)[-1] == "room again")


def test_a_read_only_disk_refuses_and_what_was_there_stays(
    node: Node, tmp_path: Path, small_disk: Path
) -> None:
    chat = node("contact.add", address=someone().onion)["id"]
    node.send(chat, "before")
    node("profile.lock")
    remount(small_disk, "ro")
    refused("storage_failed", node.call, "profile.create", name="x", password="y")
    refused("storage_failed", node.call, "profile.unlock", password=node.password)
    remount(small_disk, "rw")
    node.unlock()
    assert node.texts(chat, outgoing=True) == ["before"]


def test_a_canary_down_every_failing_path_is_in_no_log_and_no_answer(
    alice: Node, caller: Caller, tmp_path: Path
) -> None:
    chat = alice("contact.add", address=someone().onion)["id"]
    errors = [
        caller.raw(f"{{{CANARY}\n".encode()),
        caller.raw(f'{{"jsonrpc":"2.0","id":1,"method":"{CANARY}"}}\n'.encode()),
        caller.raw(
            f'{{"jsonrpc":"2.0","id":1,"method":"message.send","params":{{"{CANARY}":1}}}}\n'.encode()
        ),
    ]
    for method, params in (
        ("profile.unlock", {"password": CANARY}),
        ("profile.get", {"profile": CANARY}),
        ("contact.add", {"profile": alice.id, "address": CANARY}),
        ("contact.add", {"profile": alice.id, "address": CANARY.ljust(56, "a")}),
        ("message.send", {"profile": alice.id, "conversation": chat, "text": CANARY * 1000}),
        ("message.send", {"profile": alice.id, "conversation": 99, "text": CANARY}),
        ("message.send", {"profile": alice.id, "conversation": CANARY, "text": CANARY}),
        ("event.subscribe", {"profile": CANARY}),
    ):
        with pytest.raises(Refused) as error:
            caller(method, **params)
        errors.append({"error": [str(error.value), error.value.data]})
    assert CANARY not in json.dumps(errors)
    stranger = RawPeer.call(tmp_path / "onions", alice.id).authenticate().admit()
    stranger.say(f"{CANARY} is no wrapper")
    stranger.say(CANARY, context=CANARY.replace("-", "."))
    until("kept raw", lambda: len(alice("message.list", conversation=chat + 1)["messages"]) == 2)
    stranger.write(CANARY.encode() * 2000)
    assert stranger.until_closed()
    assert CANARY not in alice.log.read_text()
    assert alice.id not in alice.log.read_text()
