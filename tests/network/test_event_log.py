"""Events and pages on a real daemon: a client that was away, or stalls, misses nothing."""

import json
import socket
from pathlib import Path
from typing import Any

from tests.support.node import Caller, Node, nodes, refused, until
from tests.support.raw_peer import RawPeer, someone

CANARY = "canary-77c1e0"


def test_a_subscription_replays_from_its_cursor_and_goes_on_live(alice: Node, caller: Caller) -> None:
    chat = alice("contact.add", address=someone().onion)["id"]
    for number in range(5):
        alice.send(chat, str(number))
    head = alice("event.list", after=0, limit=1)["head"]
    subscribed = caller("event.subscribe", profile=alice.id, after=2)
    assert subscribed["head"] == head
    alice.send(chat, "live")
    stored: list[dict[str, Any]] = []
    while not stored or stored[-1]["seq"] <= head:
        stored += [event for event in [caller.read()["params"]] if event["seq"] is not None]
    assert [event["seq"] for event in stored] == list(range(3, head + 2))
    assert stored[-1]["data"]["text"] == "live"
    assert caller("event.unsubscribe", subscription=subscribed["subscription"]) is None
    refused("not_found", caller, "event.unsubscribe", subscription=subscribed["subscription"])


def test_a_subscription_without_a_cursor_starts_at_the_head(alice: Node, caller: Caller) -> None:
    chat = alice("contact.add", address=someone().onion)["id"]
    caller("event.subscribe", profile=alice.id, types=["message.queued"])
    alice.send(chat, "after")
    assert caller.read()["params"]["data"]["text"] == "after"


def test_a_reader_that_stalls_loses_nothing(alice: Node) -> None:
    chat = alice("contact.add", address=someone().onion)["id"]
    stalled = alice.caller()
    stalled("event.subscribe", profile=alice.id, after=0)
    for _ in range(600):
        alice.send(chat, "x" * 5000)
    seqs: list[int] = []
    while len(seqs) < 601:
        seqs += [seq for seq in [stalled.read()["params"]["seq"]] if seq is not None]
    assert seqs == list(range(1, 602))
    stalled.close()


def test_live_events_of_the_daemon_and_of_contacts(alice: Node, tmp_path: Path, caller: Caller) -> None:
    caller("event.subscribe")
    caller("event.subscribe", profile=alice.id)
    RawPeer.call(tmp_path / "onions", alice.id).authenticate().admit()
    seen = set()
    while "connection.changed" not in seen:
        event = caller.read()["params"]
        seen.add(event["type"])
        if event["type"] == "connection.changed":
            assert event["seq"] is None
            assert event["data"]["connection"]["state"] == "authenticated"
    alice.call("profile.lock", profile=alice.id)
    told = [caller.read()["params"] for _ in range(3)]
    assert "profile.locked" in {event["type"] for event in told}


def test_the_events_of_a_rejected_request_keep_nothing_of_it(alice: Node, tmp_path: Path) -> None:
    stranger = RawPeer.call(tmp_path / "onions", alice.id).authenticate().admit()
    stranger.say(f'{{"o":1,"d":"{CANARY}"}}')
    conversation = until("the request is there", lambda: alice("contact.list"))[0]["id"]
    until("with its greeting", lambda: alice("message.list", conversation=conversation)["messages"])
    alice("contact.reject", conversation=conversation)
    log = alice.events()
    assert CANARY not in json.dumps(log)
    assert all(event["data"].get("deleted") for event in log)
    refused("not_found", alice, "message.list", conversation=conversation)


def test_pages_tile_a_conversation_and_are_cut_at_1_mib(alice: Node) -> None:
    chat = alice("contact.add", address=someone().onion)["id"]
    text = "\u0001" * 1300  # six bytes each in JSON
    ids = [alice.send(chat, text)["id"] for _ in range(300)]
    found: list[int] = []
    more, before = True, None
    while more:
        line = _line(alice, chat, before)
        assert len(line) <= 1 << 20
        page = json.loads(line)["result"]
        found = [each["id"] for each in page["messages"]] + found
        more, before = page["more"], found[0]
    assert found == ids
    for limit in (0, 1001):
        refused(-32602, alice, "message.list", conversation=chat, limit=limit)


def _line(alice: Node, chat: int, before: int | None) -> bytes:
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect(str(alice.socket))
        params = {"profile": alice.id, "conversation": chat, "limit": 1000, "before": before}
        call = {"jsonrpc": "2.0", "id": 1, "method": "message.list", "params": params}
        stream.sendall(json.dumps(call).encode() + b"\n")
        with stream.makefile("rb") as lines:
            return lines.readline()


def test_the_log_keeps_its_newest_rows_and_says_so_to_an_older_cursor(tmp_path: Path) -> None:
    with nodes(tmp_path, "alice", more={"events_kept": 1_000}) as (alice,):
        chat = alice("contact.add", address=someone().onion)["id"]
        caller = alice.caller()
        for number in [
            caller.send("message.send", profile=alice.id, conversation=chat, text=str(number))
            for number in range(1_500)
        ]:
            caller.answer(number)
        error = refused("cursor_expired", alice, "event.list", after=0, limit=10)
        oldest, head = error.data["oldest"], error.data["head"]
        assert (head, 1_000 <= head - oldest + 1 < 1_500) == (1_501, True)
        for after in (0, oldest - 2, head + 1):
            refused("cursor_expired", caller, "event.subscribe", profile=alice.id, after=after)
        caller("event.subscribe", profile=alice.id, after=oldest - 1)
        seqs: list[int] = []
        while not seqs or seqs[-1] < head:
            seqs += [seq for seq in [caller.read()["params"]["seq"]] if seq is not None]
        assert seqs == list(range(oldest, head + 1)), "what is kept has no hole"
        caller.close()


def test_types_that_there_are_not_are_refused(alice: Node, caller: Caller) -> None:
    refused(-32602, caller, "event.subscribe", profile=alice.id, types=["message.recieved"])
    caller("event.subscribe", profile=alice.id, types=["group.joined", "message.queued"])
