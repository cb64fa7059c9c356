"""A profile that uses a server: trusted once, tokens bought ahead, kept synced, over kills of either side. Real processes, a LocalTor."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.node import Node, nodes, refused, until
from tests.support.raw_guest import Board, bundle_of, message, tokens


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[list[Node]]:
    with nodes(tmp_path, "host", "alice") as made:
        yield made


@pytest.fixture
def onions(tmp_path: Path) -> Path:
    return tmp_path / "onions"


def hosted(host: Node) -> dict[str, Any]:
    made: dict[str, Any] = host.call("hosting.create", autostart=True)
    return made


def server_of(alice: Node) -> dict[str, Any]:
    found: list[dict[str, Any]] = alice("server.list")
    (one,) = found
    return one


def settled(alice: Node, messages: int, number: int = 20) -> None:
    """Synced, with so many messages received and so many tokens in the wallet."""
    until(
        f"alice is synced with {messages} messages and has {number} tokens",
        lambda: (
            (found := server_of(alice))["state"] == "synced"
            and (found["messages"], found["tokens"]) == (messages, number)
        ),
    )


def test_added_synced_and_told_of_what_is_new(pair: list[Node], onions: Path) -> None:
    host, alice = pair
    made = hosted(host)
    bundle = bundle_of(made)
    wallet = tokens(onions, bundle)
    guest = Board(onions, bundle)
    for _ in range(3):
        assert guest.post(message(), wallet.pop())
    added = alice("server.add", bundle=made["bundle"])
    assert (added["onion"], added["bundle"], added["faults"]) == (bundle.server, made["bundle"], [])
    assert alice("server.add", bundle=made["bundle"])["id"] == added["id"]
    assert alice("server.sync", server=added["id"])["messages"] == 3
    settled(alice, 3)
    assert guest.post(message(), wallet.pop())
    settled(alice, 4)
    stats = host.call("hosting.stats", id=made["id"])
    assert (stats["synced"], stats["tokens_signed"]) == (1, 30)
    told = [event for event in alice.events() if event["type"] == "server.changed"]
    assert told
    assert told[-1]["data"]["id"] == added["id"]


def test_kills_of_either_side_lose_and_double_nothing(pair: list[Node], onions: Path) -> None:
    host, alice = pair
    made = hosted(host)
    bundle = bundle_of(made)
    wallet = tokens(onions, bundle)
    guest = Board(onions, bundle)
    assert guest.post(message(), wallet.pop())
    alice("server.add", bundle=made["bundle"])
    settled(alice, 1)
    host.kill()
    until("alice notices", lambda: server_of(alice)["state"] != "synced")
    host.restart()
    again = until("the server is back", lambda: _board(onions, bundle))
    assert again is not None
    assert again.post(message(), wallet.pop())
    settled(alice, 2)
    alice.kill()
    assert again.post(message(), wallet.pop())
    alice.restart()
    settled(alice, 3)
    assert server_of(alice)["faults"] == []


def _board(onions: Path, bundle: Any) -> Board | None:
    try:
        return Board(onions, bundle)
    except OSError:
        return None


def test_other_keys_are_refused_and_remembered(pair: list[Node]) -> None:
    host, alice = pair
    made = hosted(host)
    added = alice("server.add", bundle=made["bundle"])
    broken = made["bundle"][:-8] + "AAAA" + made["bundle"][-4:]
    refused("invalid_bundle", alice, "server.add", bundle=broken)
    refused("invalid_bundle", alice, "server.add", bundle=bundle_of(made).server)
    refused("invalid_bundle", alice, "server.add", bundle="server:" + "A" * 16_000)
    assert [each["id"] for each in alice("server.list")] == [added["id"]]


def test_removed_it_is_gone_with_all_that_came_of_it(pair: list[Node]) -> None:
    host, alice = pair
    made = hosted(host)
    added = alice("server.add", bundle=made["bundle"])
    settled(alice, 0)
    assert alice("server.remove", server=added["id"]) is None
    assert alice("server.list") == []
    refused("not_found", alice, "server.get", server=added["id"])
    refused("not_found", alice, "server.sync", server=added["id"])
    until("its session is ended", lambda: host.call("hosting.stats", id=made["id"])["connections"] == 0)
    last = [event for event in alice.events() if event["type"] == "server.changed"][-1]
    assert last["data"] == {"server": added["id"], "deleted": True}


def test_a_server_that_is_not_there_is_unreachable_and_tried_again(pair: list[Node]) -> None:
    host, alice = pair
    made = hosted(host)
    host.call("hosting.stop", id=made["id"])
    added = alice("server.add", bundle=made["bundle"])
    refused("server_unreachable", alice, "server.sync", server=added["id"])
    host.call("hosting.start", id=made["id"])
    until("alice is synced", lambda: server_of(alice)["state"] == "synced")


def test_no_process_of_work_outlives_the_daemon(pair: list[Node]) -> None:
    host, alice = pair
    alice("server.add", bundle=hosted(host)["bundle"])
    assert alice.kill(signal.SIGTERM) == 0
