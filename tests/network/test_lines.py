"""The local API on a real daemon: what clumsy and hostile clients get."""

import json
import os
import signal
import subprocess
from typing import Any

import pytest

from tests.support.node import Caller, Node
from tests.support.raw_peer import someone


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
    assert caller("daemon.status")["profiles"][0]["name"] == "alice"


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


AS_NOBODY = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
f = s.makefile("rw")
for line in sys.stdin:
    f.write(line)
    f.flush()
    print(f.readline(), end="", flush=True)
"""


def test_another_user_needs_a_token(alice: Node) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can call as somebody else")
    alice.socket.chmod(0o666)  # as if the folder's and the socket's modes had failed
    for folder in alice.socket.parents:
        if folder.stat().st_mode & 0o007 == 0:
            folder.chmod(0o711)
    token = alice.call("token.create", scope="read")["token"]
    calls = [
        ("daemon.status", {}),
        ("rpc.authenticate", {"token": token[:-1] + "_"}),
        ("rpc.authenticate", {"token": token}),
        ("daemon.status", {}),
        ("daemon.shutdown", {}),
    ]
    ended = subprocess.run(
        ["/usr/bin/python3", "-c", AS_NOBODY, alice.socket],
        input="".join(
            json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}) + "\n"
            for method, params in calls
        ),
        user=65534,
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    answers = [json.loads(line) for line in ended.stdout.splitlines()]
    names = [answer["error"]["data"]["name"] if "error" in answer else "answered" for answer in answers]
    assert names == ["unauthorized", "unauthorized", "answered", "answered", "unauthorized"], ended.stderr


def test_what_is_under_way_is_answered_before_a_daemon_that_stops_is_gone(alice: Node) -> None:
    chat = alice("contact.add", address=someone().onion)["id"]
    caller = alice.caller()
    numbers = [
        caller.send("message.send", profile=alice.id, conversation=chat, text=str(number))
        for number in range(500)
    ]
    caller.answer(numbers[0])
    os.kill(alice.pid, signal.SIGTERM)
    answered = 1
    try:
        while True:
            answered += "result" in caller.read()
    except OSError:
        caller.close()
    assert alice.kill(signal.SIGTERM) == 0
    alice.restart()
    assert len(alice.texts(chat, outgoing=True)) == answered, "what was stored was said to be"
