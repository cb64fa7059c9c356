"""The local API on a real daemon: what clients get, and what clumsy or hostile ones get."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cwtchd.protocol.events import MessageAcknowledged
from tests.support.node import ROOT, Caller, Node, Refused, nodes, until
from tests.support.raw_peer import RawPeer, someone

CANARY = "canary-77c1e0"


@pytest.fixture
def alice(tmp_path: Path) -> Iterator[Node]:
    with nodes(tmp_path, "alice") as (node,):
        yield node


def refused(name: str | int, call: Any, /, *args: Any, **params: Any) -> Refused:
    with pytest.raises(Refused) as error:
        call(*args, **params)
    assert name in (error.value.name, error.value.code)
    return error.value


# --- profiles --------------------------------------------------------------------------------------------------------


def test_several_profiles_under_several_passwords(alice: Node) -> None:
    second = alice.call("profile.create", name="second", password=alice.password)
    third = alice.call("profile.create", name="third", password="another")
    for profile in (alice.id, second["id"], third["id"]):
        alice.call("profile.lock", profile=profile)
    assert alice.call("profile.list") == []
    assert {each["id"] for each in alice.call("profile.unlock", password=alice.password)} == {
        alice.id,
        second["id"],
    }
    assert {each["id"] for each in alice.call("profile.unlock", password=alice.password)} == {
        alice.id,
        second["id"],
    }
    assert [each["id"] for each in alice.call("profile.list")] == [alice.id, second["id"]]
    refused("profile_locked", alice.call, "profile.get", profile=third["id"])
    refused("wrong_password", alice.call, "profile.unlock", password="nobody's")


def test_a_profile_whose_creation_was_interrupted_is_not_there(alice: Node) -> None:
    alice.call("profile.lock", profile=alice.id)
    folder = next((alice.home / "profiles").iterdir())
    for file in folder.glob("db*"):
        file.unlink()
    refused("wrong_password", alice.call, "profile.unlock", password=alice.password)
    assert not folder.exists()


def test_nothing_of_the_home_is_open_to_others(alice: Node) -> None:
    for path in [alice.home, *alice.home.rglob("*"), alice.socket]:
        assert path.lstat().st_mode & 0o077 == 0, path
    assert stat.S_ISSOCK(alice.socket.stat().st_mode)


# --- one daemon a home and a socket ----------------------------------------------------------------------------------


def second_start(node: Node, home: Path, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.support.daemon_process", home, path, node.tor],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_second_daemon_on_the_same_home_or_socket_is_refused(alice: Node, tmp_path: Path) -> None:
    same_home = second_start(alice, alice.home, tmp_path / "other.sock")
    same_socket = second_start(alice, tmp_path / "other", alice.socket)
    long_path = second_start(alice, tmp_path / "third", tmp_path / ("x" * 100))
    for ended, word in ((same_home, "home"), (same_socket, "socket"), (long_path, "longer")):
        assert ended.returncode == 1
        assert word in ended.stderr
        assert len(ended.stderr.strip().splitlines()) == 1
    assert alice.call("daemon.status")["profiles"] == 1, "the first one noticed nothing"


def test_a_kill_leaves_no_lock_and_no_socket_in_the_way(alice: Node) -> None:
    alice.kill()
    assert alice.socket.exists()
    alice.restart()
    assert alice.call("daemon.status")["profiles"] == 1


def test_something_else_at_the_sockets_path_is_left_alone(alice: Node, tmp_path: Path) -> None:
    place = tmp_path / "a file"
    place.write_text("mine")
    ended = second_start(alice, tmp_path / "other", place)
    assert ended.returncode == 1
    assert place.read_text() == "mine"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(alice: Node, how: signal.Signals) -> None:
    assert alice.kill(how) == 0
    assert not alice.socket.exists()


def test_shutdown_is_answered_and_told(alice: Node) -> None:
    caller = alice.caller()
    caller("event.subscribe")
    assert alice.call("daemon.shutdown") is None
    until("it says so", lambda: caller.read()["params"]["type"] == "daemon.stopping")
    caller.close()


# --- lines -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def caller(alice: Node) -> Iterator[Caller]:
    opened = alice.caller()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{not json}", -32700),
        (b"[" * 200_000, -32700),
        (b"\xff\xfe", -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"message.send","params":{"text":"\\ud800"}}', -32700),
        (b"[]", -32600),
        (b"7", -32600),
        (b'{"jsonrpc":"2.0","id":7}', -32600),
        (b'{"jsonrpc":"2.0","id":7,"method":"no.such"}', -32601),
        (b'{"jsonrpc":"2.0","id":7,"method":"profile.get","params":["x"]}', -32602),
        (b'{"jsonrpc":"2.0","id":7,"method":"profile.get","params":null}', -32602),
        (b'{"jsonrpc":"2.0","id":7,"method":"profile.get","params":{"profile":7}}', -32602),
        (b'{"jsonrpc":"2.0","id":7,"method":"daemon.status","params":{"x":1}}', -32602),
        (b"x" * (1 << 20) + b"x", -32600),
        (b"x" * (5 << 20), -32600),
    ],
    ids=[
        "broken",
        "brackets",
        "utf-8",
        "surrogate",
        "empty batch",
        "number",
        "no method",
        "unknown method",
        "positional",
        "null params",
        "wrong type",
        "unknown param",
        "over 1 MiB",
        "5 MiB",
    ],
)
def test_a_bad_line_is_answered_and_the_next_one_heard(caller: Caller, line: bytes, code: int) -> None:
    assert caller.raw(line + b"\n")["error"]["code"] == code
    assert caller("daemon.status")["profiles"] == 1


def test_a_line_in_pieces_and_several_in_one(caller: Caller) -> None:
    line = json.dumps({"jsonrpc": "2.0", "id": 9, "method": "daemon.status"}).encode()
    caller._socket.sendall(line[:20])
    assert caller.raw(line[20:] + b"\n" + line + b"\n\n  \n")["id"] == 9
    assert caller.read()["id"] == 9


def test_batches_run_in_order_and_notifications_are_not_answered(alice: Node, caller: Caller) -> None:
    chat = alice("contact.add", address=someone().onion)["id"]

    def send(number: int) -> dict[str, Any]:
        params = {"profile": alice.id, "conversation": chat, "text": f"batch {number}"}
        return {"jsonrpc": "2.0", "id": number, "method": "message.send", "params": params}

    calls: list[Any] = [send(number) for number in range(98)]
    silent = send(98)
    del silent["id"]
    answers = caller.raw(json.dumps([*calls, silent, 7]).encode() + b"\n")
    assert [answer["id"] for answer in answers] == [*range(98), None]
    assert answers[-1]["error"]["code"] == -32600
    assert alice.texts(chat, outgoing=True) == [f"batch {number}" for number in range(99)]
    too_many = caller.raw(json.dumps([send(0)] * 101).encode() + b"\n")
    assert too_many["error"]["data"] == {"name": "batch_too_large", "limit": 100, "size": 101}
    assert (
        caller.raw(b'[{"jsonrpc":"2.0","method":"daemon.status"}]\n' + json.dumps(send(0)).encode() + b"\n")[
            "id"
        ]
        == 0
    )


def test_thousands_pipelined_by_a_caller_that_reads_late(alice: Node, caller: Caller) -> None:
    chat = alice("contact.add", address=someone().onion)["id"]
    numbers = [
        caller.send("message.send", profile=alice.id, conversation=chat, text=f"{number}")
        for number in range(1000)
    ]
    ids = [caller.answer(number)["id"] for number in numbers]
    assert ids == sorted(ids)
    assert alice.texts(chat, outgoing=True) == [str(number) for number in range(1000)]


def test_another_user_is_refused(alice: Node) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can call as somebody else")
    alice.socket.chmod(0o666)  # as if the folder's and the socket's modes had failed
    for folder in alice.socket.parents:
        if folder.stat().st_mode & 0o007 == 0:
            folder.chmod(0o711)
    asks = "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); print(s.makefile().read())"
    ended = subprocess.run(
        ["/usr/bin/python3", "-c", asks, alice.socket],
        user=65534,
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert ended.stdout, ended.stderr
    assert json.loads(ended.stdout)["error"]["data"]["name"] == "unauthorized"


# --- events ----------------------------------------------------------------------------------------------------------


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


# --- pages -----------------------------------------------------------------------------------------------------------


def test_pages_tile_a_conversation_and_are_cut_at_1_mib(alice: Node) -> None:
    chat = alice("contact.add", address=someone().onion)["id"]
    sender = alice.caller()
    text = "\u0001" * 1300  # six bytes each in JSON
    numbers = [
        sender.send("message.send", profile=alice.id, conversation=chat, text=text) for _ in range(300)
    ]
    ids = [sender.answer(number)["id"] for number in numbers]
    found: list[int] = []
    more, before = True, None
    while more:
        line = _line(alice, chat, before)
        assert len(line) <= 1 << 20
        page = json.loads(line)["result"]
        found = [each["id"] for each in page["messages"]] + found
        more, before = page["more"], found[0]
    assert found == ids
    sender.close()
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


# --- the disk, and what nobody may read -------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m,mode=0700", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk needs the right to mount one: run the tests as root")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def test_a_full_disk_refuses_and_what_was_told_is_there(tmp_path: Path, small_disk: Path) -> None:
    onions = tmp_path / "onions"
    onions.mkdir()
    node = Node(small_disk, "alice", f"local:{onions}")
    node.log = tmp_path / "alice.log"
    try:
        node.start()
        node.create()
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
        subprocess.run(["mount", "-o", "remount,size=16m", small_disk], check=True)
        told.append(node.send(chat, "room again")["id"])
        node.kill()
        node.restart()
        assert [each["id"] for each in node.messages(chat)] == told
    finally:
        node.end()


def test_a_peers_message_that_the_disk_refuses_is_not_acknowledged(tmp_path: Path, small_disk: Path) -> None:
    onions = tmp_path / "onions"
    onions.mkdir()
    node = Node(small_disk, "alice", f"local:{onions}")
    node.log = tmp_path / "alice.log"
    try:
        node.start()
        node.create()
        who = someone()
        chat = node("contact.add", address=who.onion)["id"]
        peer = RawPeer.call(onions, node.id, who).authenticate().admit()
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
        subprocess.run(["mount", "-o", "remount,size=32m", small_disk], check=True)
        again = RawPeer.call(onions, node.id, who).authenticate().admit()
        again.say('{"o":1,"d":"room again"}', "again")
        until("stored", lambda: node.texts(chat, outgoing=False)[-1] == "room again")
    finally:
        node.end()


def test_a_read_only_disk_refuses_and_what_was_there_stays(tmp_path: Path, small_disk: Path) -> None:
    onions = tmp_path / "onions"
    onions.mkdir()
    node = Node(small_disk, "alice", f"local:{onions}")
    node.log, node.socket = tmp_path / "alice.log", tmp_path / "alice.sock"
    try:
        node.start()
        node.create()
        chat = node("contact.add", address=someone().onion)["id"]
        node.send(chat, "before")
        node("profile.lock")
        subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
        refused("storage_failed", node.call, "profile.create", name="x", password="y")
        refused("storage_failed", node.call, "profile.unlock", password=node.password)
        subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
        node.unlock()
        assert node.texts(chat, outgoing=True) == ["before"]
    finally:
        node.end()


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
