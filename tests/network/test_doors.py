"""Where callers come in: a group at the socket, a pipe over `cwtchd rpc --stdio`, and starts that are refused with a sentence."""

import grp
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.network.test_lines import AS_NOBODY
from tests.support.node import PATIENCE, Node

NOBODY = 65534


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Node]:
    """A daemon whose socket lies in a folder of its own, for a group."""
    onions = tmp_path / "onions"
    onions.mkdir()
    node = Node(tmp_path, "alice", f"local:{onions}")
    node.socket = tmp_path / "run" / "cwtchd.sock"
    node.more = {"group": grp.getgrgid(NOBODY).gr_name}
    yield node
    node.end()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_group_may_connect_and_needs_a_token_all_the_same(shared: Node) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can hand a socket to a group that it is not in, and call as its member")
    shared.start()
    assert (mode(shared.socket.parent), mode(shared.socket), mode(shared.home)) == (0o750, 0o660, 0o700)
    assert shared.socket.stat().st_gid == shared.socket.parent.stat().st_gid == NOBODY
    for folder in shared.socket.parent.parents:
        if folder.stat().st_mode & 0o007 == 0:
            folder.chmod(0o711)
    token = shared.call("token.create", scope="read")["token"]
    calls = [("daemon.status", {}), ("rpc.authenticate", {"token": token}), ("daemon.status", {})]
    lines = [
        json.dumps({"jsonrpc": "2.0", "id": 1, "method": name, "params": given}) for name, given in calls
    ]
    asked = subprocess.run(
        ["/usr/bin/python3", "-c", AS_NOBODY, shared.socket],
        input="\n".join(lines) + "\n",
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    answers = [json.loads(line) for line in asked.stdout.splitlines()]
    assert ["result" in answer for answer in answers] == [False, True, True], asked.stderr


def ends_with(node: Node) -> str:
    node.spawn()
    assert node._process is not None
    assert node._process.wait(PATIENCE) == 1
    return node.log.read_text().splitlines()[-1]


def test_no_group_enters_a_home_or_a_folder_that_is_closed_to_it(shared: Node, tmp_path: Path) -> None:
    shared.socket = shared.home / "cwtchd.sock"
    assert "No group may enter the home" in ends_with(shared)
    (tmp_path / "closed").mkdir(0o700)
    shared.socket = tmp_path / "closed" / "cwtchd.sock"
    assert "closed to the group" in ends_with(shared)
    assert mode(tmp_path / "closed") == 0o700, "a folder that was there stays as it is"
    shared.more = {"group": "no-such-group"}
    shared.socket = tmp_path / "run" / "cwtchd.sock"
    assert "no such group" in ends_with(shared)


def bridged(node: Node) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "cwtchd", "rpc", "--stdio", "--socket", node.socket],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_pipe_carries_calls_and_events(alice: Node) -> None:
    with bridged(alice) as bridge:
        assert bridge.stdin is not None
        assert bridge.stdout is not None
        call = {"jsonrpc": "2.0", "id": 1, "method": "event.subscribe", "params": {"profile": alice.id}}
        bridge.stdin.write(json.dumps(call).encode() + b"\n")
        bridge.stdin.flush()
        assert json.loads(bridge.stdout.readline())["result"]["subscription"] == 1
        alice("profile.set", key="name", value="alice again")
        assert json.loads(bridge.stdout.readline())["params"]["type"] == "profile.changed"
        bridge.stdin.close()
        assert bridge.wait(PATIENCE) == 0


def test_what_was_asked_before_the_pipe_ended_is_answered(alice: Node) -> None:
    calls = b"".join(b'{"jsonrpc":"2.0","id":%d,"method":"tor.status"}\n' % number for number in range(500))
    with bridged(alice) as bridge:
        answers, _ = bridge.communicate(calls, PATIENCE)
    assert [json.loads(line)["id"] for line in answers.splitlines()] == list(range(500))


def test_a_bridge_says_that_no_daemon_is_there_or_that_it_went(alice: Node, tmp_path: Path) -> None:
    with bridged(alice) as bridge:
        assert bridge.stdin is not None
        assert bridge.stdout is not None
        bridge.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"tor.status"}\n')
        bridge.stdin.flush()
        assert "result" in json.loads(bridge.stdout.readline())
        alice.kill()
        assert bridge.wait(PATIENCE) == 1
        assert bridge.stderr is not None
        assert b"ended the connection" in bridge.stderr.read()
    with bridged(alice) as bridge:
        assert bridge.wait(PATIENCE) == 1
        assert bridge.stderr is not None
        assert b"cwtchd run" in bridge.stderr.read()
