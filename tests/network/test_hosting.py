"""A hosted server, whole: made, used over its two onions, stopped, killed, sealed, deleted. Real processes and sockets, a LocalTor."""

import signal
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.node import Node, nodes, refused, until
from tests.support.raw_guest import Board, bundle_of, message, tokens


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Node]:
    with nodes(tmp_path, "host") as (node,):
        yield node


@pytest.fixture
def onions(tmp_path: Path) -> Path:
    return tmp_path / "onions"


def running(host: Node, **params: Any) -> dict[str, Any]:
    made = host.call("hosting.create", autostart=True, **params)
    assert made["state"] == "running"
    result: dict[str, Any] = made
    return result


def test_three_guests_post_replay_and_are_told(host: Node, onions: Path) -> None:
    bundle = bundle_of(running(host, description="for three"))
    wallet = tokens(onions, bundle) + tokens(onions, bundle)
    one, two = Board(onions, bundle), Board(onions, bundle)
    assert one.replay() == []
    first, second = message(), message()
    assert two.post(first, wallet.pop())
    one.until(lambda: one.live == [first], "the first")
    assert two.replay() == [first]
    assert two.post(second, wallet.pop())
    one.until(lambda: second in one.live, "the second at one")
    two.until(lambda: second in two.live, "the second at two")
    three = Board(onions, bundle)
    assert three.replay() == [first, second]
    assert three.replay(first.signature) == [first, second]
    assert three.replay(second.signature) == [second]
    assert three.replay(b"\1" * 64) == [first, second]


def test_a_token_is_spent_once_and_only_on_its_message(host: Node, onions: Path) -> None:
    bundle = bundle_of(running(host))
    token, other = tokens(onions, bundle, 2)
    guest = Board(onions, bundle)
    posted = message()
    assert guest.post(posted, token)
    assert not guest.post(message(), token)
    assert guest.post(posted, other)
    assert guest.replay() == [posted]
    stats = host.call("hosting.stats", id=host.call("hosting.list")[0]["id"])
    assert (stats["messages"], stats["posts"], stats["tokens_signed"]) == (1, 1, 2)


def test_nothing_is_lost_or_doubled_over_a_kill(host: Node, onions: Path) -> None:
    bundle = bundle_of(running(host))
    wallet = tokens(onions, bundle)
    guest = Board(onions, bundle)
    kept = [message() for _ in range(5)]
    spent = [wallet.pop() for _ in kept]
    for posted, token in zip(kept, spent, strict=True):
        assert guest.post(posted, token)
    host.kill()
    host.restart()
    until("the server runs by itself", lambda: host.call("hosting.list")[0]["state"] == "running")
    again = Board(onions, bundle)
    assert again.replay() == kept
    assert not again.post(message(), spent[0])
    assert again.post(message(), wallet.pop())
    assert len(again.replay()) == 6


def test_a_sealed_server_needs_its_password(host: Node, onions: Path) -> None:
    made = running(host, password="a long sentence")
    assert made["warning"] is None
    server = made["id"]
    assert "unencrypted" in running(host)["warning"]
    host.kill(signal.SIGTERM)
    host.restart()
    found = {each["id"]: each for each in host.call("hosting.list")}[server]
    assert (found["state"], found["bundle"], found["sealed"]) == ("stopped", None, True)
    refused("wrong_password", host.call, "hosting.start", id=server)
    refused("wrong_password", host.call, "hosting.start", id=server, password="another")
    started = host.call("hosting.start", id=server, password="a long sentence")
    assert started["bundle"] == made["bundle"]
    assert host.call("hosting.start", id=server)["state"] == "running"
    assert Board(onions, bundle_of(started)).replay() == []
    refused("wrong_password", host.call, "hosting.delete", id=server, password="another")
    assert host.call("hosting.get", id=server)["state"] == "running"


def test_a_password_of_the_start_brings_a_sealed_server_back(host: Node, tmp_path: Path) -> None:
    server = running(host, password="a long sentence")["id"]
    host.kill()
    file = tmp_path / "password"
    file.write_text("a long sentence\n")
    file.chmod(0o600)
    host.password_files = [file]
    host.start()
    until("it runs", lambda: host.call("hosting.get", id=server)["state"] == "running")


def test_stopping_ends_connections_and_keeps_messages(host: Node, onions: Path) -> None:
    made = running(host)
    bundle = bundle_of(made)
    guest = Board(onions, bundle)
    kept = message()
    assert guest.post(kept, tokens(onions, bundle, 1)[0])
    assert host.call("hosting.stop", id=made["id"])["state"] == "stopped"
    assert guest.until_closed()
    assert host.call("hosting.stop", id=made["id"])["state"] == "stopped"
    assert host.call("hosting.stats", id=made["id"])["messages"] is None
    host.call("hosting.start", id=made["id"])
    assert Board(onions, bundle).replay() == [kept]


def test_deleting_leaves_nothing_behind(host: Node, onions: Path) -> None:
    made = running(host)
    bundle = bundle_of(made)
    Board(onions, bundle).post(message(), tokens(onions, bundle, 1)[0])
    assert (host.home / "servers" / made["id"]).is_dir()
    host.call("hosting.delete", id=made["id"])
    assert list((host.home / "servers").iterdir()) == []
    assert host.call("hosting.list") == []
    refused("not_found", host.call, "hosting.get", id=made["id"])
    for path in host.home.rglob("*"):
        if path.is_file():
            assert bundle.server.encode() not in path.read_bytes(), path
    assert not list(onions.glob(f"{bundle.server[:16]}*"))


def test_settings_are_kept_and_gone_by_at_once(host: Node, onions: Path) -> None:
    made = running(host)
    bundle = bundle_of(made)
    guest = Board(onions, bundle)
    posted = [message() for _ in range(4)]
    for each, token in zip(posted, tokens(onions, bundle, 4), strict=True):
        assert guest.post(each, token)
    changed = host.call("hosting.set", id=made["id"], max_messages=2, description="smaller")
    assert (changed["max_messages"], changed["description"], changed["max_mib"]) == (
        2,
        "smaller",
        made["max_mib"],
    )
    until("the oldest go", lambda: host.call("hosting.stats", id=made["id"])["messages"] == 2)
    late = Board(onions, bundle)
    assert late.replay(posted[0].signature) == posted[2:]
    refused("invalid_settings", host.call, "hosting.set", id=made["id"], intro_rate=5)
    refused(-32602, host.call, "hosting.set", id=made["id"], max_messages=0)
    host.kill(signal.SIGTERM)
    host.restart()
    assert host.call("hosting.get", id=made["id"])["description"] == "smaller"


def test_files_are_private_and_hold_no_time_finer_than_the_hour(host: Node, onions: Path) -> None:
    made = running(host)
    bundle = bundle_of(made)
    Board(onions, bundle).post(message(), tokens(onions, bundle, 1)[0])
    for path in (host.home / "servers").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_what_is_not_there_and_too_many(host: Node) -> None:
    for method in ("get", "start", "stop", "stats", "delete", "set"):
        refused("not_found", host.call, f"hosting.{method}", id="0" * 32)
        refused(-32602, host.call, f"hosting.{method}", id="../profiles")
    for _ in range(16):
        host.call("hosting.create")
    refused("limit_exceeded", host.call, "hosting.create")


def test_a_damaged_one_spoils_nothing_for_the_others(host: Node, onions: Path) -> None:
    good, bad, keyless = running(host), running(host), running(host)
    host.call("hosting.stop", id=bad["id"])
    (host.home / "servers" / bad["id"] / "settings").write_text("{")
    (host.home / "servers" / keyless["id"] / "keys").unlink()
    host.kill(signal.SIGTERM)
    host.restart()
    until("the good one runs", lambda: host.call("hosting.get", id=good["id"])["state"] == "running")
    found = {each["id"]: each["state"] for each in host.call("hosting.list")}
    assert found == {good["id"]: "running", bad["id"]: "damaged", keyless["id"]: "damaged"}
    assert Board(onions, bundle_of(good)).replay() == []
    refused("server_damaged", host.call, "hosting.start", id=bad["id"])
    refused("server_damaged", host.call, "hosting.start", id=keyless["id"])
    host.call("hosting.delete", id=bad["id"])
    host.call("hosting.delete", id=keyless["id"])
    assert [each["id"] for each in host.call("hosting.list")] == [good["id"]]
